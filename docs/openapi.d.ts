/** Types of docs/openapi.json. Made by openapi-typescript: `npm run schemas` writes this file. */

import type { Json, JsonObject } from "#libs/contracts";
export interface paths {
    "/asyncapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the AsyncAPI document of all topics and their events.
         * @description Returns the AsyncAPI document of all topics and their events.
         */
        get: operations["descriptionTopics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/checkpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the newest published checkpoint of the log, signed by the log and its witnesses.
         * @description Returns the newest published checkpoint of the log, signed by the log and its witnesses.
         */
        get: operations["logCheckpoint"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs/errors/{code}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Explains an error code: what it means, and what to do.
         * @description Explains an error code: what it means, and what to do.
         */
        get: operations["descriptionErrorPage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Responds while the process runs.
         * @description Responds while the process runs.
         */
        get: operations["healthLive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the metrics of this process in the Prometheus text format.
         * @description Returns the metrics of this process in the Prometheus text format.
         */
        get: operations["metricsRead"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ofrep/v1/evaluate/flags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Returns all flags of one context: each policy, and each field of a policy.
         * @description Returns all flags of one context: each policy, and each field of a policy.
         */
        post: operations["evaluateAll"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ofrep/v1/evaluate/flags/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Returns one flag: `ID` is the whole policy as an object, `ID.FIELD` one field with its type.
         * @description Returns one flag: `ID` is the whole policy as an object, `ID.FIELD` one field with its type.
         */
        post: operations["evaluateOne"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ofrep/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Streams refetch notifications.
         * @description Streams refetch notifications. `key`: stream key from a bulk evaluation, for browsers, whose EventSource cannot send an Authorization header. The authorization guard checks the key.
         */
        get: operations["refetchEventsFollow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the OpenAPI document of the routes of this process.
         * @description Returns the OpenAPI document of the routes of this process.
         */
        get: operations["descriptionRoutes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Responds 503 only without database or migrations: reads, approvals and rollback need nothing that `degraded` names.
         * @description Responds 503 only without database or migrations: reads, approvals and rollback need nothing that `degraded` names.
         */
        get: operations["healthReady"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tile/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns a tile of hashes or a bundle of entries.
         * @description Returns a tile of hashes or a bundle of entries. A full tile never changes.
         */
        get: operations["logTile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accepts the alert of a bot.
         * @description Accepts the alert of a bot. The same alert sent twice counts once.
         */
        post: operations["alertsReport"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists approvals with missing signatures.
         * @description Lists approvals with missing signatures. With `state=open` it also lists unsigned preparations, and approvals whose run has not ended. At most 200 of each kind, the newest.
         */
        get: operations["approvalsList"];
        put?: never;
        /**
         * Accepts signatures of an approval; the last required one starts the run.
         * @description Accepts signatures of an approval; the last required one starts the run.
         */
        post: operations["approvalsSign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/fallbacks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the possible fallbacks of a policy's next release, and the releases that readers would refuse as fallbacks.
         * @description Returns the possible fallbacks of a policy's next release, and the releases that readers would refuse as fallbacks.
         */
        get: operations["approvalsFallbacks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/prepare": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Prepares an approval or a rollback: returns the bytes that people sign.
         * @description Prepares an approval or a rollback: returns the bytes that people sign.
         */
        post: operations["approvalsPrepare"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/trial": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Evaluates the guard for `hms-svc plan`; stores and signs nothing.
         * @description Evaluates the guard for `hms-svc plan`; stores and signs nothing.
         */
        post: operations["approvalsTrial"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{digest}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns one approval with its signers and missing roles.
         * @description Returns one approval with its signers and missing roles.
         */
        get: operations["approvalsShow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{digest}/decisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rejects an approval.
         * @description Rejects an approval. The signature of the statement authenticates the caller.
         */
        post: operations["approvalsDecide"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{digest}/prepared": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the bytes to sign, as the prepare request returned them, and the differences from the releases that are live now.
         * @description Returns the bytes to sign, as the prepare request returned them, and the differences from the releases that are live now.
         */
        get: operations["approvalsPrepared"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/attestations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Attestations of the stages and the guard about one run, in order of arrival.
         * @description Attestations of the stages and the guard about one run, in order of arrival. Public like the log: an auditor needs no account.
         */
        get: operations["attestationsOfRun"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists entries of the log by index, oldest or newest first.
         * @description Lists entries of the log by index, oldest or newest first. `after` or `before` = the last index returns the next page.
         */
        get: operations["entriesList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/proofs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Proves that the approval of a policy's version is in the log.
         * @description Proves that the approval of a policy's version is in the log.
         */
        get: operations["logProofOfVersion"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/proofs/{digest}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Proves that the approval of a release is in the log.
         * @description Proves that the approval of a release is in the log.
         */
        get: operations["logProofOfDigest"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/releases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the releases of the approvals among the entries from `from` on; an entry itself contains only their root.
         * @description Returns the releases of the approvals among the entries from `from` on; an entry itself contains only their root.
         */
        get: operations["logReleases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/windows/{event}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the events of a window; its entry in the log has only their digest.
         * @description Returns the events of a window; its entry in the log has only their digest. Public like the log: an auditor needs no account.
         */
        get: operations["windowsShow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/bots": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the bots that simulations run.
         * @description Lists the bots that simulations run.
         */
        get: operations["botsList"];
        put?: never;
        /**
         * Registers a bot, or replaces the bot with the same id.
         * @description Registers a bot, or replaces the bot with the same id. Refuses a module that does not load in the sandbox.
         */
        post: operations["botsAdd"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/break-glass": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Returns 202 and the number of the run.
         * @description Returns 202 and the number of the run. The signatures authenticate the caller.
         */
        post: operations["breakGlassSign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/break-glass/prepare": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Prepares a break-glass release: returns the bytes that several people sign.
         * @description Prepares a break-glass release: returns the bytes that several people sign.
         */
        post: operations["breakGlassPrepare"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/calendar.ics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns effective times of open and recently succeeded runs, freezes, and reviews and decisions that are due, as iCalendar.
         * @description Returns effective times of open and recently succeeded runs, freezes, and reviews and decisions that are due, as iCalendar. `key`: for calendars, which send no headers.
         */
        get: operations["calendarShow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/canaries/{run}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the canary of a run: its cohort, steps, alerts and figures.
         * @description Returns the canary of a run: its cohort, steps, alerts and figures.
         */
        get: operations["canariesShow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/corpora": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the corpora that simulations replay.
         * @description Lists the corpora that simulations replay.
         */
        get: operations["corporaList"];
        put?: never;
        /**
         * Registers a corpus, or replaces the one with this id.
         * @description Registers a corpus, or replaces the one with this id. One with unreadable rows is refused whole; the error names the rows.
         */
        post: operations["corporaAdd"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/coverage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the coverage of a policy.
         * @description Returns the coverage of a policy. With `revision` and `waitMs` the response is sent once no bot lags behind that revision, or after the wait. With `bots=all` it lists every connected bot, or counts by region and release; `named` selects bots by a part of their name.
         */
        get: operations["coverageShow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/{service}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the dead letters of a service, newest first.
         * @description Lists the dead letters of a service, newest first.
         */
        get: operations["deadLettersList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/{service}/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns a dead letter with its content as received.
         * @description Returns a dead letter with its content as received.
         */
        get: operations["deadLettersShow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/{service}/{id}/decisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replays or discards a dead letter.
         * @description Replays or discards a dead letter. The signature of the statement, a decision about this letter, authenticates the caller.
         */
        post: operations["deadLettersDecide"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/{service}/{id}/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Closes a dead letter; its event is never handled.
         * @description Closes a dead letter; its event is never handled. The letter and the reason are kept.
         */
        post: operations["deadLettersDiscard"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/{service}/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives a dead letter to its service again.
         * @description Gives a dead letter to its service again.
         */
        post: operations["deadLettersReplay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists deliveries, newest first, at most 500; `before` = the last id returns the next page.
         * @description Lists deliveries, newest first, at most 500; `before` = the last id returns the next page.
         */
        get: operations["deliveriesList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deliveries/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends abandoned deliveries again, up to 500 that match partner, policy, version and time.
         * @description Sends abandoned deliveries again, up to 500 that match partner, policy, version and time.
         */
        post: operations["redriveMany"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deliveries/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns one delivery with each stored attempt and its result.
         * @description Returns one delivery with each stored attempt and its result.
         */
        get: operations["deliveriesShow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deliveries/{id}/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends an abandoned or completed delivery again.
         * @description Sends an abandoned or completed delivery again. A delivery in progress is returned unchanged.
         */
        post: operations["redriveOne"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Streams the policies in force, and each change, as Server-Sent Events.
         * @description Streams the policies in force, and each change, as Server-Sent Events.
         */
        get: operations["eventsFollow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Streams everything decided and every document that was ever live, with proofs, as NDJSON.
         * @description Streams everything decided and every document that was ever live, with proofs, as NDJSON. The last line has the `cursor` of the next request; a response without one broke off. A response ends at a checkpoint, after about `limit` entries.
         */
        get: operations["exportPull"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/freezes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists freezes, newest first, including ended ones.
         * @description Lists freezes, newest first, including ended ones.
         */
        get: operations["freezesList"];
        put?: never;
        /**
         * Declares a freeze.
         * @description Declares a freeze. The signature of the statement authenticates the caller.
         */
        post: operations["freezesDeclare"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/freezes/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the whole record with its signed statement.
         * @description Returns the whole record with its signed statement. A person who lifts the freeze signs the statement's digest.
         */
        get: operations["freezesShow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/freezes/{id}/lift": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends a freeze before its time.
         * @description Ends a freeze before its time. The signature of the statement authenticates the caller.
         */
        post: operations["freezesLift"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/freshness": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accepts a freshness statement.
         * @description Accepts a freshness statement. `accepted: false`: this instance has a newer one.
         */
        post: operations["headsRefresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups/{service}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the lag of one service in each of its topics.
         * @description Returns the lag of one service in each of its topics.
         */
        get: operations["groupsList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/heads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stores heads.
         * @description Stores heads. A head with its current and its held release has about sixty JSON parts.
         */
        post: operations["headsStore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns every head that was ever live for all, with its releases and their proofs, in the order in which they were stored.
         * @description Returns every head that was ever live for all, with its releases and their proofs, in the order in which they were stored. The next page has `after` = the last `storedAt`; heads of one time are never in two pages.
         */
        get: operations["liveRecordsList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/lint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lints policies, and returns every finding with its position.
         * @description Lints policies, and returns every finding with its position.
         */
        post: operations["dryRunLint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/partners": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the registered partners, without their secrets.
         * @description Lists the registered partners, without their secrets.
         */
        get: operations["partnersList"];
        put?: never;
        /**
         * Registers a partner, or replaces the partner with the same id; its pending deliveries use the new address.
         * @description Registers a partner, or replaces the partner with the same id; its pending deliveries use the new address.
         */
        post: operations["partnersAdd"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/partners/{id}/resubscribe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends mail again to an address that unsubscribed.
         * @description Sends mail again to an address that unsubscribed.
         */
        post: operations["resubscribeResubscribe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/partners/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends a test message to a partner now.
         * @description Sends a test message to a partner now. Responds 200 also if the partner refused it: the result reports that.
         */
        post: operations["partnerTestsTest"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns all policies as in force for this reader.
         * @description Returns all policies as in force for this reader.
         */
        get: operations["policiesList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policies/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the version in force for this reader: the version of a canary that covers the reader, otherwise the stable one.
         * @description Returns the version in force for this reader: the version of a canary that covers the reader, otherwise the stable one. With `at`, `known` or `version`, returns a version that was in force for all, with the signed head and releases that prove it.
         */
        get: operations["policiesShow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policies/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the effective periods for all readers, newest first; the next page has `before` = the last `seq`.
         * @description Returns the effective periods for all readers, newest first; the next page has `before` = the last `seq`. With `signed` each entry has its proofs, and a page ends after 4 MiB.
         */
        get: operations["historyList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/policies/{id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restores the database and the topic of state to the signed documents: the repair if a stored document does not verify.
         * @description Restores the database and the topic of state to the signed documents: the repair if a stored document does not verify.
         */
        post: operations["policiesRestore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/receipts/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the message that the token belongs to, and whether it is acknowledged.
         * @description Returns the message that the token belongs to, and whether it is acknowledged.
         */
        get: operations["receiptsRead"];
        put?: never;
        /**
         * Records that the partner acknowledges a message.
         * @description Records that the partner acknowledges a message. The first acknowledgement counts.
         */
        post: operations["receiptsAcknowledge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rollbacks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Responds 202: the heads are committed and being delivered; `stored` has the result of each config-store.
         * @description Responds 202: the heads are committed and being delivered; `stored` has the result of each config-store. A rollback that a crashed instance committed under an `Idempotency-Key` is read from the table of rollbacks, so a retry never waits.
         */
        post: operations["rollbacksCreate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rollbacks/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns all policies that the same rollback would move, for a person about to sign it.
         * @description Returns all policies that the same rollback would move, for a person about to sign it.
         */
        get: operations["rollbacksPreview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/roster": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the rosters after the version that the caller has.
         * @description Returns the rosters after the version that the caller has.
         */
        get: operations["rosterChain"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/roster/proposals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the proposed rosters with their signatures.
         * @description Lists the proposed rosters with their signatures.
         */
        get: operations["rosterProposals"];
        put?: never;
        /**
         * Proposes the next roster.
         * @description Proposes the next roster.
         */
        post: operations["rosterPropose"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/roster/proposals/{digest}/signatures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accepts a signature on a proposed roster; the last required one brings it into force.
         * @description Accepts a signature on a proposed roster; the last required one brings it into force.
         */
        post: operations["rosterSign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists runs, newest first.
         * @description Lists runs, newest first. `open=yes` leaves out ended runs, `open=no` open ones. `before`: last number of the previous page.
         */
        get: operations["runsList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns one run, stage by stage.
         * @description Returns one run, stage by stage.
         */
        get: operations["runsShow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{number}/decisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Returns 202 once the decision is sent to the stage that owns the run.
         * @description Returns 202 once the decision is sent to the stage that owns the run. Its signature authenticates the caller.
         */
        post: operations["runsDecide"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{number}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Streams the state of a run as Server-Sent Events: now, and after each change.
         * @description Streams the state of a run as Server-Sent Events: now, and after each change.
         */
        get: operations["runsEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/scenarios": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the scenarios that simulations evaluate.
         * @description Lists the scenarios that simulations evaluate.
         */
        get: operations["scenariosList"];
        put?: never;
        /**
         * Registers a scenario, or replaces the one with this id.
         * @description Registers a scenario, or replaces the one with this id. Until its corpus is registered, a run skips the scenario and reports that.
         */
        post: operations["scenariosAdd"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/schemas": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the registered JSON Schemas.
         * @description Lists the registered JSON Schemas.
         */
        get: operations["schemasList"];
        put?: never;
        /**
         * Registers a JSON Schema for the data of policies, or replaces the schema with the same name.
         * @description Registers a JSON Schema for the data of policies, or replaces the schema with the same name.
         */
        post: operations["schemasAdd"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/simulations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Dry run: simulates the policies with the bots, scenarios and corpora that are registered now.
         * @description Dry run: simulates the policies with the bots, scenarios and corpora that are registered now.
         */
        post: operations["simulationsTry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/simulations/trial": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the progress of the trial that this process runs.
         * @description Returns the progress of the trial that this process runs.
         */
        get: operations["simulationsTrial"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/simulations/{run}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns state, score and report of a run's newest attempt, as canonical JSON.
         * @description Returns state, score and report of a run's newest attempt, as canonical JSON. `reportDigest` is over the bytes of `report` as contained here. Anyone who replays the same bots, inputs and policies gets the same bytes.
         */
        get: operations["simulationsShow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the first frame of the stream, of all policies or of `policies`.
         * @description Returns the first frame of the stream, of all policies or of `policies`. With `revision`, for readers that poll, returns the changes after it and rollout's freshness statement. With `after`, returns a page of all documents, for stores larger than one response; `next` leads to the following page.
         */
        get: operations["policiesSnapshot"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tickets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists tickets, newest first; `state` selects tickets in that state.
         * @description Lists tickets, newest first; `state` selects tickets in that state.
         */
        get: operations["ticketsList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tickets/{number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns one ticket with its evidence.
         * @description Returns one ticket with its evidence.
         */
        get: operations["ticketsShow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tickets/{number}/decisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Decides a ticket; returns 202 once the decision is accepted.
         * @description Decides a ticket; returns 202 once the decision is accepted. The signature of the statement authenticates the caller.
         */
        post: operations["ticketsDecide"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists tokens, newest first, including revoked and expired ones.
         * @description Lists tokens, newest first, including revoked and expired ones.
         */
        get: operations["tokensList"];
        put?: never;
        /**
         * Issues an API token.
         * @description Issues an API token. The secret is in this response only.
         */
        post: operations["tokensCreate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tokens/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revokes a token and closes its connections.
         * @description Revokes a token and closes its connections.
         */
        post: operations["tokensRevoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/topics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the topics with their activity and the lag of their readers.
         * @description Lists the topics with their activity and the lag of their readers.
         */
        get: operations["topicsList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/topics/records": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the records of the topics in pages.
         * @description Returns the records of the topics in pages.
         */
        get: operations["topicsRecords"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/unsubscribes/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the address that the token belongs to, and whether it is unsubscribed.
         * @description Returns the address that the token belongs to, and whether it is unsubscribed.
         */
        get: operations["unsubscribesRead"];
        put?: never;
        /**
         * Unsubscribes the address: it gets no further mail.
         * @description Unsubscribes the address: it gets no further mail.
         */
        post: operations["unsubscribesUnsubscribe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the valid keys that sign messages: two while notifier's key is replaced.
         * @description Lists the valid keys that sign messages: two while notifier's key is replaced.
         */
        get: operations["webhookKeysList"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/withdrawals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Responds 202: the signature is stored; with the last required signature, the head is committed and being delivered.
         * @description Responds 202: the signature is stored; with the last required signature, the head is committed and being delivered. The statement's own signature authenticates the person.
         */
        post: operations["withdrawalsCreate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AcknowledgementDto: {
            acknowledged?: string;
            note?: string;
            meta?: JsonObject;
            intent?: string;
            data?: JsonObject;
            tags?: string[];
            sig?: string;
        };
        AlertDto: {
            id: string;
            bot: string;
            region: string;
            kind: string;
            reading?: null | JsonObject;
            value?: null | string | number;
            policy?: string;
            version?: string;
        };
        AlertReceipt: {
            id: string;
            /** @constant */
            accepted: true;
        };
        ApprovalMember: {
            index: number;
            path: string[];
        };
        ApprovalRequestDto: {
            digest: string;
            signatures: components["schemas"]["SignatureDto"][];
            reason?: string;
        };
        ApprovalRoot: {
            size: number;
            root: string;
        };
        ApprovalSummary: {
            policies: {
                id: string;
                version: string;
                digest: string;
            }[];
            reasons: components["schemas"]["SigningReason"][];
            preparedAt: string;
            signedBy: string[];
            authors: string[];
            /** @constant */
            supersede?: true;
            breakGlass?: {
                reason: string;
            };
            expiresAt: string;
            run: null | number;
            /** @enum {unknown} */
            state: "AWAITING_APPROVAL" | "QUEUED" | "LINTING" | "SIMULATING" | "WAITING" | "CANARY" | "ROLLING_OUT" | "BAKING" | "NOTIFYING" | "PAUSED" | "ROLLING_BACK" | "SUCCEEDED" | "FAILED" | "ROLLED_BACK" | "ABORTED" | "SUPERSEDED" | "STALE" | "PREPARED";
            digest: string;
            missing: string[];
            overtakenBy?: number;
        };
        ApprovalView: {
            run: null | number;
            /** @enum {unknown} */
            state: "AWAITING_APPROVAL" | "QUEUED" | "LINTING" | "SIMULATING" | "WAITING" | "CANARY" | "ROLLING_OUT" | "BAKING" | "NOTIFYING" | "PAUSED" | "ROLLING_BACK" | "SUCCEEDED" | "FAILED" | "ROLLED_BACK" | "ABORTED" | "SUPERSEDED" | "STALE" | "PREPARED";
            digest: string;
            missing: string[];
            overtakenBy?: number;
        };
        ApprovedReleases: {
            index: number;
            releases: components["schemas"]["LoggedRelease"][];
        };
        AuditAct: {
            by: string[];
            decision: string;
            policies?: {
                id: string;
                version: null | string;
                from?: string;
            }[];
            reason: null | string;
            publicReason?: string;
            statements: components["schemas"]["SignedStatement"][];
        };
        AuditProof: {
            policy: string;
            version: string;
            digest: string;
            member: components["schemas"]["ApprovalMember"];
            entry: string;
            proof: string;
        };
        BotLoad: {
            bot: string;
            readings: number;
            before: number;
            after: number;
        };
        BotRegistrationDto: {
            id: string;
            source: string;
            critical?: boolean;
        };
        BotSummary: {
            id: string;
            policies: string[];
            critical: boolean;
            digest: string;
            addedAt: string;
        };
        BreakGlass: {
            reason: string;
            by: string[];
            review: components["schemas"]["BreakGlassReview"];
        };
        BreakGlassRequestDto: {
            digest: string;
            signatures: components["schemas"]["SignatureDto"][];
        };
        BreakGlassReview: {
            ticket: number;
            dueAt: string;
            /** @enum {unknown} */
            state: "OPEN" | "OVERDUE" | "CLOSED";
            closedBy?: string;
        };
        CanaryFigures: {
            cohort: number;
            control: number;
            countedAt: string;
            cohortHours: number;
            controlHours: number;
            cohortAlerts: number;
            controlAlerts: number;
            expected: number;
            evidence: number;
            limit: number;
            chance: null | number;
            power: number;
            isDoublingExcluded: boolean;
            lacks: ("SKEWED_EXPOSURE" | "STALE_DATA" | "COHORT_LOST" | "CONTROL_LOST")[];
            load?: components["schemas"]["CanaryLoad"];
            metrics?: components["schemas"]["MetricFigures"][];
        };
        CanaryLoad: {
            alerts: number;
            predicted: number;
        };
        CanaryMember: {
            policy: string;
            seq: number;
            release: string;
            base: null | string;
            baseSeq?: number;
            share: number;
            published: boolean;
            connected: number;
            expected: number;
            acknowledged: number;
            countedSeq?: number;
            silent: string[];
            heard: boolean;
            beginsAt?: string;
            shown?: components["schemas"]["StoredShare"][];
        };
        CanaryPoint: {
            at: string;
            step: number;
            cohortHours: number;
            controlHours: number;
            cohortAlerts: number;
            controlAlerts: number;
            expected: number;
            evidence: number;
        };
        ChangeView: {
            /** @enum {unknown} */
            cause: "run" | "rollback" | "withdrawal" | "break-glass";
            by: string[];
            reason: null | string;
            publicReason?: string;
        };
        ChannelDto: {
            webhook?: components["schemas"]["WebhookDto"];
            email?: components["schemas"]["EmailDto"];
            sftp?: components["schemas"]["SftpDto"];
            a2a?: components["schemas"]["WebhookDto"];
            agent2agent?: components["schemas"]["WebhookDto"];
        };
        ChannelTest: {
            channel: string;
            ok: boolean;
            explanation: null | components["schemas"]["RefusalExplanation"];
            reply: null | string;
            status: null | number;
            latencyMs: number;
            detail: null | string;
            address: null | string;
        };
        ClosedLetter: {
            at: string;
            by: string;
            reason: string;
            statement?: components["schemas"]["Envelope"];
        };
        ConfigDocument: {
            id: string;
            scope: string;
            seq: number;
            revision: number;
            version: null | string;
            digest: null | string;
            run: null | number;
            head: components["schemas"]["Envelope"];
            release: null | components["schemas"]["Envelope"];
            proof: null | components["schemas"]["LogProof"];
            next?: components["schemas"]["HeldRelease"];
        };
        CorpusRegistrationDto: {
            id: string;
            /** @enum {unknown} */
            format: "csv" | "jsonl";
            content: string;
            map?: {
                [key: string]: string;
            };
        };
        CorpusSummary: {
            id: string;
            readings: number;
            digest: string;
            addedAt: string;
        };
        CoverageView: {
            policy: string;
            revision: number;
            total: number;
            current: number;
            lagging: components["schemas"]["LaggingBotView"][];
            regions: {
                region: string;
                total: number;
                current: number;
            }[];
            versions: {
                version: null | string;
                digest: null | string;
                total: number;
            }[];
            seen: components["schemas"]["SeenReaders"];
            left?: components["schemas"]["LeftBotView"][];
            refused?: {
                version: string;
                detail: string;
            };
            bots?: {
                id: string;
                region: string;
                digest: null | string;
                version: null | string;
                /** @enum {unknown} */
                state: "current" | "stale" | "silent";
            }[];
            cells?: {
                region: string;
                digest: null | string;
                version: null | string;
                total: number;
                current: number;
            }[];
        };
        DeadLetterSummary: {
            id: string;
            service: string;
            topic: string;
            position: string;
            key: null | string;
            code: string;
            detail: string;
            run: null | number;
            tries: number;
            /** @enum {unknown} */
            state: "waiting" | "ignored" | "replayed" | "discarded";
            at: string;
            closed: null | components["schemas"]["ClosedLetter"];
        };
        DeadLetterView: {
            value: null | string;
            headers: {
                [key: string]: string;
            };
            raw: null | {
                key: null | string;
                value: null | string;
                headers: [
                    string,
                    string
                ][];
            };
            cutFrom: null | number;
            digest: string;
            id: string;
            service: string;
            topic: string;
            position: string;
            key: null | string;
            code: string;
            detail: string;
            run: null | number;
            tries: number;
            /** @enum {unknown} */
            state: "waiting" | "ignored" | "replayed" | "discarded";
            at: string;
            closed: null | components["schemas"]["ClosedLetter"];
        };
        DeliveryDetail: {
            digest: string;
            supersedes: string[];
            body: string;
            tries: components["schemas"]["DeliveryTry"][];
            redrives: components["schemas"]["DeliveryRedrive"][];
            id: string;
            messageId: string;
            partner: string;
            run: number;
            policy: string;
            version: string;
            bundle: string[];
            channel: string;
            /** @enum {unknown} */
            state: "pending" | "delivered" | "dead" | "superseded";
            attempts: number;
            lastStatus: null | number;
            lastDetail: null | string;
            nextAttemptAt: null | string;
            deliveredAt: null | string;
            acknowledgedAt: null | string;
            acknowledgedBy: ("callback" | "reply" | "file" | "link") | null;
            createdAt: string;
        };
        DeliveryRedrive: {
            at: string;
            by: string;
            reason: string;
        };
        DeliveryTry: {
            at: string;
            status: null | number;
            latencyMs: number;
            detail: null | string;
            reply: null | string;
            address: null | string;
            tlsFingerprint: null | string;
            keyId: null | string;
        };
        DeliveryView: {
            id: string;
            messageId: string;
            partner: string;
            run: number;
            policy: string;
            version: string;
            bundle: string[];
            channel: string;
            /** @enum {unknown} */
            state: "pending" | "delivered" | "dead" | "superseded";
            attempts: number;
            lastStatus: null | number;
            lastDetail: null | string;
            nextAttemptAt: null | string;
            deliveredAt: null | string;
            acknowledgedAt: null | string;
            acknowledgedBy: ("callback" | "reply" | "file" | "link") | null;
            createdAt: string;
        };
        DiscardDto: {
            reason: string;
        };
        EmailDto: {
            to: string;
        };
        Envelope: {
            payload: string;
            payloadType: string;
            signatures: {
                keyid: string;
                sig: string;
            }[];
        };
        EnvelopeDto: {
            payload: string;
            payloadType: string;
            signatures: components["schemas"]["EnvelopeSignatureDto"][];
        };
        EnvelopeSignatureDto: {
            keyid: string;
            sig: string;
        };
        FallbacksView: {
            policy: string;
            fallbacks: string[];
            refused: components["schemas"]["RefusedFallback"][];
        };
        FieldDifference: {
            field: string;
            from?: Json;
            to?: Json;
            units?: string;
            unitsBefore?: null | string;
            text: string;
            remarks?: string[];
        };
        FieldProblem: {
            pointer: string;
            detail: string;
        };
        FreezeRecord: {
            by: string;
            declaredAt: string;
            statement: components["schemas"]["Envelope"];
            lifted: null | {
                by: string;
                reason: string;
                at: string;
                statement: components["schemas"]["Envelope"];
            };
            id: string;
            reason: string;
            scope: string;
            from?: string;
            until?: string;
            recurrence?: components["schemas"]["FreezeRecurrence"];
        };
        FreezeRecurrence: {
            cron: string;
            zone: string;
            for: string;
        };
        FreezeView: {
            /** @enum {unknown} */
            state: "ACTIVE" | "COMING" | "OVER" | "LIFTED";
            next: null | string;
            lifted: null | {
                by: string;
                reason: string;
                at: string;
                statement?: components["schemas"]["Envelope"];
            };
            statement?: components["schemas"]["Envelope"];
            id: string;
            reason: string;
            scope: string;
            from?: string;
            until?: string;
            recurrence?: components["schemas"]["FreezeRecurrence"];
            by: string;
            declaredAt: string;
        };
        GroupImpact: {
            name: string;
            newlyViolating: number;
            newlyCompliant: number;
            readings: number;
            before: number;
            after: number;
        };
        GuardTrial: {
            /** @enum {unknown} */
            verdict: "PASS" | "WARN" | "FAIL";
            rule: null | string;
            sentence: string;
        };
        GuardTrialRequestDto: {
            policies: JsonObject[];
        };
        HeadReceipt: {
            revision: number;
            applied: boolean;
            storedAt?: string;
        };
        HeldRecord: {
            digest: string;
            version: null | string;
            release: null | components["schemas"]["Envelope"];
            proof: null | components["schemas"]["LogProof"];
            author: null | string;
            approvedBy: string[];
        };
        HeldRelease: {
            release: components["schemas"]["Envelope"];
            proof?: null | components["schemas"]["LogProof"];
        };
        IssuedHeadDto: {
            head: components["schemas"]["EnvelopeDto"];
            release: null | components["schemas"]["EnvelopeDto"];
            proof?: null | components["schemas"]["ProofPlaceDto"];
            next?: null | components["schemas"]["IssuedNextDto"];
        };
        IssuedHeadsDto: {
            heads: components["schemas"]["IssuedHeadDto"][];
            proofs: components["schemas"]["SharedProofDto"][];
            change?: components["schemas"]["EnvelopeDto"];
        };
        IssuedNextDto: {
            release: components["schemas"]["EnvelopeDto"];
            proof?: null | components["schemas"]["ProofPlaceDto"];
        };
        IssuedToken: {
            token: string;
            expiresAt: string;
            id: string;
            name: string;
            scopes: string[];
            region?: string;
            createdAt: string;
            createdBy: string;
            revokedAt: null | string;
            revokedBy: null | string;
        };
        KeptPolicy: {
            id: string;
            version: string;
            refused: null | string;
            code: string;
            detail: string;
        };
        LaggingBotView: {
            id: string;
            region: string;
            revision: number;
            since: string;
            digest: null | string;
            version: null | string;
        };
        LeftBotView: {
            leftAt: string;
            id: string;
            region: string;
            revision: number;
            since: string;
            digest: null | string;
            version: null | string;
        };
        LintReport: {
            findings: {
                file: string;
                line: number;
                column: number;
                rule: string;
                /** @enum {unknown} */
                severity: "error" | "warning";
                message: string;
                hint?: string;
                pointer?: string;
            }[];
        };
        LintRequestDto: {
            policies: JsonObject[];
            live?: JsonObject[];
        };
        LiveRecord: {
            policy: string;
            seq: number;
            revision: number;
            digest: null | string;
            run: null | number;
            storedAt: string;
            head: components["schemas"]["Envelope"];
            change?: components["schemas"]["Envelope"];
            next?: null | components["schemas"]["HeldRecord"];
            version: null | string;
            release: null | components["schemas"]["Envelope"];
            proof: null | components["schemas"]["LogProof"];
            author: null | string;
            approvedBy: string[];
        };
        LogProof: {
            member: components["schemas"]["ApprovalMember"];
            entry: string;
            proof: string;
        };
        LoggedRelease: {
            policy: string;
            version: string;
            digest: string;
        };
        MetricFigures: {
            name: string;
            held: number;
            failed: number;
            unanswered: number;
            problem: null | string;
        };
        MetricGate: {
            name: string;
            query: string;
        };
        MetricGateDto: {
            name: string;
            query: string;
        };
        NextStep: {
            command: string;
            action?: string;
            arguments?: {
                [key: string]: string;
            };
        };
        OfrepBulk: {
            flags: components["schemas"]["OfrepFlag"][];
            eventStreams?: components["schemas"]["OfrepEventStream"][];
        };
        OfrepContext: {
            targetingKey: string;
            region?: string;
        } & {
            [key: string]: unknown;
        };
        OfrepEventStream: {
            /** @constant */
            type: "sse";
            endpoint: {
                requestUri: string;
            };
            inactivityDelaySec: number;
        };
        OfrepFailure: {
            key?: string;
            /** @enum {unknown} */
            errorCode: "FLAG_NOT_FOUND" | "PARSE_ERROR" | "TARGETING_KEY_MISSING" | "INVALID_CONTEXT" | "GENERAL";
            errorDetails: string;
            metadata: {
                code: string;
                retryable: boolean;
                traceId?: string;
            };
        };
        OfrepFlag: {
            key: string;
            value: boolean | string | number | JsonObject;
            /** @enum {unknown} */
            reason: "STATIC" | "TARGETING_MATCH" | "SPLIT";
            variant: string;
            metadata: components["schemas"]["OfrepMetadata"];
        };
        OfrepMetadata: {
            policyVersion: string;
            revision: number;
            digest: string;
            scope: string;
            effective: string;
            runId?: number;
            /** @enum {unknown} */
            state?: "STALE" | "READY";
            /** @constant */
            verification?: "not-by-caller";
        };
        OfrepRequest: {
            context: components["schemas"]["OfrepContext"];
        };
        PartnerRegistrationDto: {
            id: string;
            name: string;
            groups?: string[];
            channels: components["schemas"]["ChannelDto"][];
            /** @enum {unknown} */
            deliver?: "all" | "first";
            contact?: string;
            rate?: number;
            /** @enum {unknown} */
            lane?: "latest" | "every";
            networks?: string[];
            events?: ("announced" | "updated" | "rolled-back")[];
        };
        PartnerSummary: {
            channels: string[];
            contact: null | string;
            unsubscribed: {
                address: string;
                at: string;
            }[];
            /** @constant */
            onlyWhereNamed?: true;
            addedAt: string;
            id: string;
            name: string;
            groups: string[];
            /** @enum {unknown} */
            deliver: "all" | "first";
            rate: number;
            /** @enum {unknown} */
            lane: "every" | "latest";
            events?: ("announced" | "updated" | "rolled-back")[];
        };
        PartnerTestDto: {
            channel?: string;
            explain?: boolean;
        };
        PartnerTestResult: {
            partner: string;
            message: string;
            ok: boolean;
            channels: components["schemas"]["ChannelTest"][];
        };
        PassedStep: {
            step: number;
            scope: string;
            scopeName: string;
            requestedShare: number;
            realisedShare: number;
            cohort: number;
            connected: number;
            /** @enum {unknown} */
            basis: "observed" | "promoted" | "unobserved";
            summary: string;
            startedAt: string;
            endedAt: string;
            figures?: components["schemas"]["CanaryFigures"];
        };
        PastPolicyView: {
            /** @constant */
            source: "history";
            until: null | string;
            recordedAt: string;
            record: components["schemas"]["ConfigDocument"];
            id: string;
            scope: string;
            version: string;
            revision: number;
            since: string;
            value: JsonObject;
            /** @enum {unknown} */
            verification?: "not-by-caller" | "by-caller" | "by-sidecar";
            provenance: {
                run: null | number;
                digest: string;
                author: null | string;
                approvedBy: string[];
                /** @constant */
                soleOfficial?: true;
                breakGlass?: {
                    reason: null | string;
                };
                change?: components["schemas"]["ChangeView"];
            };
        };
        PlanOptionsDto: {
            share?: number;
            scope?: string;
            observeMs?: number;
            bakeMs?: number;
            partners?: string[];
            fallbacks?: string[];
            metrics?: components["schemas"]["MetricGateDto"][];
            ramp?: components["schemas"]["RampShareDto"][];
        };
        PolicyBeside: {
            policy: string;
            version: string;
            digest: string;
        };
        PolicyHistoryEntry: {
            version: null | string;
            digest: null | string;
            run: null | number;
            seq: number;
            revision: number;
            author: null | string;
            approvedBy: string[];
            from: string;
            until: null | string;
            recordedAt: string;
            differences: components["schemas"]["FieldDifference"][];
            change?: components["schemas"]["Envelope"];
            record?: components["schemas"]["ConfigDocument"];
            /** @enum {unknown} */
            cause?: "run" | "rollback" | "withdrawal" | "break-glass";
            by?: string[];
            reason?: null | string;
            publicReason?: string;
        };
        PolicyView: {
            id: string;
            version: string;
            revision: number;
            /** @enum {unknown} */
            source: "default" | "live" | "cache" | "disk";
            scope: string;
            since: string;
            value: JsonObject;
            /** @enum {unknown} */
            verification?: "not-by-caller" | "by-caller" | "by-sidecar";
            provenance: {
                run: null | number;
                digest: string;
                author: null | string;
                approvedBy: string[];
                /** @constant */
                soleOfficial?: true;
                breakGlass?: {
                    reason: null | string;
                };
                change?: components["schemas"]["ChangeView"];
            };
        };
        PrepareBreakGlassDto: {
            policies: JsonObject[];
            reason: string;
            author?: string;
            committedBy?: {
                [key: string]: string;
            };
        };
        PrepareRequestDto: {
            rollback?: components["schemas"]["RollbackOrderDto"];
            policies?: JsonObject[];
            plan?: components["schemas"]["PlanOptionsDto"];
            author?: string;
            committedBy?: {
                [key: string]: string;
            };
            queue?: boolean;
            supersede?: boolean;
        };
        PreparedApproval: {
            releases: components["schemas"]["PreparedRelease"][];
            plan: components["schemas"]["RolloutPlan"];
            signedBy: string[];
            authors: string[];
            /** @constant */
            supersede?: true;
            breakGlass?: {
                reason: string;
            };
            expiresAt: string;
            run: null | number;
            /** @enum {unknown} */
            state: "AWAITING_APPROVAL" | "QUEUED" | "LINTING" | "SIMULATING" | "WAITING" | "CANARY" | "ROLLING_OUT" | "BAKING" | "NOTIFYING" | "PAUSED" | "ROLLING_BACK" | "SUCCEEDED" | "FAILED" | "ROLLED_BACK" | "ABORTED" | "SUPERSEDED" | "STALE" | "PREPARED";
            digest: string;
            missing: string[];
            overtakenBy?: number;
        };
        PreparedRelease: {
            id: string;
            version: string;
            policyDigest: string;
            digest: string;
            payload: string;
            live: null | string;
            takenBack?: {
                run: null | number;
                at: string;
            };
            refusedFallbacks?: components["schemas"]["RefusedFallback"][];
            differences: components["schemas"]["FieldDifference"][];
        };
        Problem: {
            type: string;
            title: string;
            status: number;
            code: string;
            detail: string;
            retryable: boolean;
            next: components["schemas"]["NextStep"][];
            traceId?: string;
            errors?: components["schemas"]["FieldProblem"][];
            state?: Json;
        };
        ProofPlaceDto: {
            of: number;
            index: number;
            path: string[];
        };
        ProposalEnvelopeDto: {
            payload: string;
            payloadType: string;
            signatures: components["schemas"]["RosterSignatureDto"][];
        };
        RampShareDto: {
            share: number;
            scope: string;
        };
        RampStep: {
            share: number;
            scope: string;
            scopeName: string;
        };
        ReceiptView: {
            signed: boolean;
            version: string;
            partner: string;
            policy: string;
            bundle: string[];
            messageId: string;
            acknowledgedAt: null | string;
        };
        RecordedEntry: {
            index: number;
            at: string;
            source: string;
            type: string;
            key: string;
            run: null | number;
            event: string;
            digest: string;
            leafHash: string;
            acts?: components["schemas"]["AuditAct"][];
            signed?: components["schemas"]["Envelope"];
            /** @enum {unknown} */
            v: 4 | 3 | 1 | 2;
            topic: string;
            attempt: null | number;
            releases?: components["schemas"]["ApprovalRoot"];
            window?: {
                from: string;
                until: string;
                events: number;
            };
        };
        RedriveDto: {
            reason: string;
        };
        RedriveManyDto: {
            reason: string;
            /** Format: date-time */
            until?: string;
            partner?: string;
            policy?: string;
            version?: string;
            /** Format: date-time */
            since?: string;
        };
        RedriveResult: {
            redriven: components["schemas"]["DeliveryView"][];
            skipped: {
                id: string;
                detail: string;
            }[];
            more: boolean;
        };
        RefusalExplanation: {
            suspect: ("id" | "time" | "body" | "secret") | null;
            detail: string;
            secretPrefix: string;
            signed: {
                id: string;
                timestamp: string;
                bodySha256: string;
                bytes: number;
            };
        };
        RefusedFallback: {
            version: string;
            reason: string;
        };
        RegisteredSchema: {
            name: string;
            schema: JsonObject;
            addedAt: string;
        };
        ReplacedPolicy: {
            id: string;
            now: null | string;
            takenBackAt?: string;
        };
        ReplayProgress: {
            done: number;
            total: number;
        };
        ReplayScore: {
            /** @enum {unknown} */
            reason?: "BELOW_THRESHOLD" | "CRITICAL_BOT" | "BOT_CRASHED" | "NO_DISCRIMINATING_INPUT" | "NO_EVIDENCE" | "INCOMPATIBLE";
            bots: {
                STALE?: string[];
                INCOMPATIBLE?: string[];
                CRASHED?: string[];
                BUDGET?: string[];
                NONDETERMINISTIC?: string[];
                WRONG?: string[];
                ADAPTED?: string[];
                RAN?: string[];
                NOT_APPLICABLE?: string[];
            };
            summary: string;
            /** @enum {unknown} */
            verdict: "PASS" | "FAIL" | "INCONCLUSIVE";
            adapted: number;
            applicable: number;
            percent: string;
            discriminating: number;
            boundary: number;
            firstVersion: boolean;
        };
        RestoreDocumentDto: {
            reason?: string;
        };
        RestoredDocument: {
            place: string;
            seq: number;
            /** @enum {unknown} */
            from: "database" | "topic";
        };
        ResubscribeDto: {
            address: string;
            reason: string;
        };
        RollbackMove: {
            id: string;
            from: null | string;
            version: string;
        };
        RollbackOrderDto: {
            policy: string;
            version: string;
            reason?: string;
            publicReason?: string;
        };
        RollbackPreview: {
            id: string;
            version: string;
            moved: components["schemas"]["RollbackMove"][];
        };
        RollbackRequestDto: {
            only?: boolean;
            reason?: string;
            publicReason?: string;
            policy: string;
            version: string;
        };
        RollbackResult: {
            id: string;
            version: string;
            from: null | string;
            moved?: components["schemas"]["RollbackMove"][];
            seq: number;
            digest: string;
            revision: number;
            stored: {
                url: string;
                ok: boolean;
                detail?: string;
            }[];
        };
        RolloutPlan: {
            share: number;
            scope: string;
            scopeName: string;
            observeMs: number;
            bakeMs: number;
            partners: null | string[];
            /** @constant */
            requireEvidence?: true;
            /** @constant */
            requirePower?: true;
            metrics?: components["schemas"]["MetricGate"][];
            ramp?: components["schemas"]["RampStep"][];
        };
        RootProgress: {
            version: number;
            signedBy: string[];
            threshold: number;
        };
        RosterProposalDto: {
            envelope: components["schemas"]["ProposalEnvelopeDto"];
            acceptUnreadable?: string[];
        };
        RosterProposalView: {
            digest: string;
            /** @enum {unknown} */
            state: "WAITING" | "CURRENT";
            progress: components["schemas"]["RootProgress"][];
            proposedAt: null | string;
            acceptUnreadable?: string[];
            version: number;
            envelope: components["schemas"]["Envelope"];
        };
        RosterSignatureDto: {
            keyid: string;
            sig: string;
        };
        RosterStep: {
            version: number;
            envelope: components["schemas"]["Envelope"];
        };
        RunClock: {
            bots: number;
            current: number;
            partners: number;
            told: number;
            toldInTime: number;
            acknowledged: number;
            seconds: {
                half: null | number;
                most: null | number;
                all: null | number;
                partners: null | number;
            };
            effectiveAt?: string;
        };
        RunDecision: {
            id: string;
            /** @enum {unknown} */
            decision: "supersede" | "promote" | "extend" | "resume" | "retry" | "abort" | "pause";
            by: string;
            reason: string;
            at: string;
            /** @enum {unknown} */
            outcome: "pending" | "applied" | "late";
            successor?: number;
        };
        RunPolicy: {
            id: string;
            version: string;
            digest: string;
        };
        RunStage: {
            /** @enum {unknown} */
            stage: "lint" | "simulate" | "canary" | "rollout" | "notify";
            /** @enum {unknown} */
            verdict: "PASS" | "FAIL" | "INCONCLUSIVE" | "PENDING" | "RUNNING" | "SKIPPED";
            detail: string;
            label?: string;
            figures?: components["schemas"]["CanaryFigures"];
            steps?: components["schemas"]["PassedStep"][];
            startedAt: null | string;
            endedAt: null | string;
        };
        RunView: {
            run: number;
            digest: string;
            /** @enum {unknown} */
            state: "AWAITING_APPROVAL" | "QUEUED" | "LINTING" | "SIMULATING" | "WAITING" | "CANARY" | "ROLLING_OUT" | "BAKING" | "NOTIFYING" | "PAUSED" | "ROLLING_BACK" | "SUCCEEDED" | "FAILED" | "ROLLED_BACK" | "ABORTED" | "SUPERSEDED" | "STALE";
            reason?: string;
            detail?: string;
            supersededBy?: number;
            attempt: number;
            policies: components["schemas"]["RunPolicy"][];
            stages: components["schemas"]["RunStage"][];
            decisions: components["schemas"]["RunDecision"][];
            breakGlass?: components["schemas"]["BreakGlass"];
            createdAt: string;
            endedAt: null | string;
            continuesAt?: string;
            clock?: components["schemas"]["RunClock"];
            /** @constant */
            late?: true;
            kept?: components["schemas"]["KeptPolicy"][];
            replaced?: components["schemas"]["ReplacedPolicy"][];
        };
        ScenarioImpact: {
            scenario: string;
            policies: string[];
            from: string;
            to: string;
            newlyViolating: components["schemas"]["TurnedReadings"];
            newlyCompliant: components["schemas"]["TurnedReadings"];
            regions: components["schemas"]["GroupImpact"][];
            sites: components["schemas"]["GroupImpact"][];
            months: components["schemas"]["GroupImpact"][];
            lost: number;
            unjudged?: number;
            readings: number;
            before: number;
            after: number;
        };
        ScenarioRegistrationDto: {
            file: string;
            source: string;
        };
        ScenarioSummary: {
            id: string;
            policies: string[];
            corpus: string;
            alert: string;
            addedAt: string;
        };
        SchemaRegistrationDto: {
            name: string;
            schema: JsonObject;
        };
        ScopedMember: {
            scope: string;
            policy: string;
            seq: number;
            release: string;
            base: null | string;
            baseSeq?: number;
            share: number;
            published: boolean;
            connected: number;
            expected: number;
            acknowledged: number;
            countedSeq?: number;
            silent: string[];
            heard: boolean;
            beginsAt?: string;
            shown?: components["schemas"]["StoredShare"][];
        };
        SeenReaders: {
            stream: number;
            events: number;
            ofrep: number;
        };
        ServiceLag: {
            topic: string;
            messages: number;
            groups: components["schemas"]["TopicGroup"][];
        };
        SftpDto: {
            host: string;
            port?: number;
            user: string;
            hostKey: string;
            dir: string;
            key: string;
        };
        SharedProofDto: {
            entry: string;
            proof: string;
        };
        SignatureDto: {
            release: string;
            keyid: string;
            sig: string;
        };
        SignedFreshnessDto: {
            freshness: components["schemas"]["EnvelopeDto"];
        };
        SignedStatement: {
            envelope: components["schemas"]["Envelope"];
            body?: string;
        };
        SigningReason: {
            name: string;
            reason: string;
        };
        SimulationImpact: {
            scenarios: components["schemas"]["ScenarioImpact"][];
            bots: components["schemas"]["BotLoad"][];
            fields: components["schemas"]["TouchedField"][];
        };
        SimulationView: {
            run: number;
            /** @enum {unknown} */
            state: "waiting" | "passed" | "new" | "failed" | "paused" | "aborted";
            attempt: number;
            score: null | components["schemas"]["ReplayScore"];
            skipped: components["schemas"]["SkippedScenario"][];
            reportDigest: null | string;
            progress: null | components["schemas"]["ReplayProgress"];
            report: null | {
                bots: {
                    bot: string;
                    message?: string;
                }[];
                impact?: components["schemas"]["SimulationImpact"];
                beside?: components["schemas"]["PolicyBeside"][];
            };
        };
        SiteLoad: {
            scenario: string;
            name: string;
            label?: string;
            lat: number;
            lon: number;
            readings: number;
            before: number;
            after: number;
        };
        SkippedScenario: {
            scenario: string;
            why: string;
            next: null | string;
            incompatible?: boolean;
        };
        StageAttestation: {
            run: null | number;
            attempt: null | number;
            source: string;
            type: string;
            envelope: components["schemas"]["Envelope"];
        };
        StandingProof: components["schemas"]["StandingRow"][];
        StandingRow: {
            policy: string;
            seq: number;
            current: null | string;
            index: number;
            path: string[];
        };
        StatementRequestDto: {
            statement: components["schemas"]["Envelope"];
        };
        StoredShare: {
            share: number;
            since: string;
        };
        StreamFrame: {
            /** @enum {unknown} */
            type: "snapshot" | "change" | "heartbeat" | "goodbye";
            revision: number;
            changes: {
                id: string;
                version: null | string;
                digest: null | string;
                scope: string;
            }[];
            documents: components["schemas"]["ConfigDocument"][];
            traceparent?: string;
            freshness?: components["schemas"]["Envelope"];
            retryMs?: number;
            along?: string[];
            standing?: {
                [key: string]: components["schemas"]["StandingProof"];
            };
            next?: string;
            unverified?: string[];
        };
        Ticket: {
            ticket: number;
            run: number;
            attempt: number;
            digest: string;
            policies: components["schemas"]["RunPolicy"][];
            /** @enum {unknown} */
            kind: "EMERGENCY_REVIEW" | "INCONCLUSIVE" | "ACK_TIMEOUT" | "POISONED" | "UNDELIVERED" | "BREAK_GLASS_REVIEW";
            /** @enum {unknown} */
            state: "OPEN" | "DECIDED" | "EXPIRED" | "MOOT";
            reason: string;
            detail: string;
            allowed: ("promote" | "extend" | "resume" | "retry" | "abort" | "accept")[];
            openedAt: string;
            expiresAt: string;
            told: {
                /** @enum {unknown} */
                to: "on-call" | "second" | "director";
                at: string;
            }[];
            decided: null | components["schemas"]["TicketAnswer"];
            unreached?: string[];
            actors?: string[];
            overdueAt?: string;
            closedAt: null | string;
        };
        TicketAnswer: {
            decision: string;
            by: string;
            reason: string;
            publicReason?: string;
            at: string;
            statement?: components["schemas"]["Envelope"];
        };
        TokenRequestDto: {
            scopes: string[];
            name?: string;
            region?: string;
            expiresInMs?: number;
        };
        TokenView: {
            expiresAt: string;
            id: string;
            name: string;
            scopes: string[];
            region?: string;
            createdAt: string;
            createdBy: string;
            revokedAt: null | string;
            revokedBy: null | string;
            unverified?: string;
        };
        TopicActivity: {
            perMinute: number[];
            topic: string;
            messages: number;
            groups: components["schemas"]["TopicGroup"][];
        };
        TopicGroup: {
            group: string;
            messages: number;
            seconds: number;
            oldest?: {
                run: null | number;
                at: string;
            };
        };
        TopicRecord: {
            topic: string;
            position: string;
            key: null | string;
            type: string;
            source: string;
            id: string;
            at: string;
            run: null | number;
            attempt: null | number;
            headers?: {
                [key: string]: string;
            };
            data: Json;
        };
        TopicRecords: {
            records: components["schemas"]["TopicRecord"][];
            next: string;
        };
        TouchedField: {
            policy: string;
            field: string;
            from?: Json;
            to?: Json;
            inputs: number;
            scenarios: string[];
        };
        Trial: {
            /** @enum {unknown} */
            verdict: "PASS" | "FAIL" | "INCONCLUSIVE";
            reason?: string;
            detail: string;
            next: string[];
            score: null | {
                adapted: number;
                applicable: number;
                percent: string;
                discriminating: number;
                boundary: number;
                firstVersion: boolean;
                bots: {
                    [key: string]: string[];
                };
            };
            skipped: {
                scenario: string;
                why: string;
                next: null | string;
            }[];
            reportDigest: null | string;
            impact: null | components["schemas"]["SimulationImpact"];
            beside?: components["schemas"]["PolicyBeside"][];
            statement?: components["schemas"]["Envelope"];
            places?: components["schemas"]["SiteLoad"][];
            whatIf?: components["schemas"]["WhatIf"];
        };
        TrialRequestDto: {
            policies: JsonObject[];
            live?: JsonObject[];
        };
        TurnedReadings: {
            count: number;
            ids: string[];
        };
        UnexplainedAlert: {
            alert: string;
            bot: string;
            reading: string;
            reason: string;
        };
        UnsubscribeDto: {
            /**
             * @constant
             * @enum {unknown}
             */
            "List-Unsubscribe"?: "One-Click";
        };
        UnsubscribeView: {
            partner: string;
            address: string;
            unsubscribedAt: null | string;
        };
        WebhookDto: {
            url: string;
            secret: string;
        };
        WebhookKeyView: {
            keyid: string;
            webhook: string;
            ssh: string;
        };
        WhatIf: {
            scenario: string;
            policy: string;
            field: string;
            values: number[];
            violations: number[];
            readings: number;
            sites: {
                name: string;
                violations: number[];
            }[];
        };
        WithdrawalRequestDto: {
            policy: string;
            statement: components["schemas"]["Envelope"];
        };
        WithdrawalResult: {
            id: string;
            version: string;
            /** @enum {unknown} */
            state: "AWAITING_APPROVAL" | "WITHDRAWN";
            signedBy: string[];
            missing: string[];
            seq: null | number;
            revision: number;
            stored: {
                url: string;
                ok: boolean;
                detail?: string;
            }[];
        };
    };
    responses: {
        /** @description What went wrong (RFC 9457). */
        Problem: {
            headers: {
                /** @description Seconds to wait, with 429 and 503. */
                "Retry-After"?: number;
                /** @description What the route accepts instead, with 401 (RFC 9110 §11.6.1). */
                "WWW-Authenticate"?: string;
                /** @description Methods of the path, with 405. */
                Allow?: string;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description What went wrong, as OFREP says it. */
        OfrepFailure: {
            headers: {
                /** @description Seconds to wait, with 429 and 503. */
                "Retry-After"?: number;
                /** @description What the route accepts instead, with 401 (RFC 9110 §11.6.1). */
                "WWW-Authenticate"?: string;
                /** @description Methods of the path, with 405. */
                Allow?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OfrepFailure"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    descriptionTopics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": JsonObject;
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    logCheckpoint: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    descriptionErrorPage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Code of the error. */
                code: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description no code of ours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    healthLive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": JsonObject;
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    metricsRead: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    evaluateAll: {
        parameters: {
            query?: {
                /** @description Revision from a refetch notification; the response waits until the instance has it. */
                flagConfigEtag?: string;
            };
            header?: {
                /** @description ETag of the response that the caller has; an unchanged response is 304. */
                "if-none-match"?: string;
                /** @description Newest revision that the caller has seen. An instance that does not reach it responds `HMS_STORE_BEHIND`. */
                "if-revision-at-least"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OfrepRequest"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfrepBulk"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["OfrepFailure"];
            "5XX": components["responses"]["OfrepFailure"];
        };
    };
    evaluateOne: {
        parameters: {
            query?: never;
            header?: {
                /** @description ETag of the response that the caller has; an unchanged response is 304. */
                "if-none-match"?: string;
                /** @description Newest revision that the caller has seen. An instance that does not reach it responds `HMS_STORE_BEHIND`. */
                "if-revision-at-least"?: string;
            };
            path: {
                /** @description Id of a policy, or its id and a field: `ID.FIELD`. */
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OfrepRequest"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfrepFlag"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["OfrepFailure"];
            "5XX": components["responses"]["OfrepFailure"];
        };
    };
    refetchEventsFollow: {
        parameters: {
            query?: {
                /** @description Key for this address in place of the Authorization header: from a bulk evaluation, or from `tokens calendar`. */
                key?: string;
            };
            header?: {
                /** @description Id of the last event that the caller received; the stream resumes after it. */
                "last-event-id"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    descriptionRoutes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": JsonObject;
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    healthReady: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": JsonObject;
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    logTile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Path of a tile or an entry bundle, as C2SP tlog-tiles defines it. */
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    alertsReport: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AlertDto"];
            };
        };
        responses: {
            /** @description done as asked */
            202: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertReceipt"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    approvalsList: {
        parameters: {
            query?: {
                /** @description `waiting` (default): approvals with missing signatures. `open`: also unsigned preparations, and approvals whose run has not ended. */
                state?: "waiting" | "open";
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalSummary"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    approvalsSign: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApprovalRequestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            202: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalView"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    approvalsFallbacks: {
        parameters: {
            query: {
                /** @description Id of the policy. */
                policy: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FallbacksView"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    approvalsPrepare: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PrepareRequestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PreparedApproval"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    approvalsTrial: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GuardTrialRequestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GuardTrial"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    approvalsShow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Digest of the approval: `sha256:` and 64 hexadecimal digits. */
                digest: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalSummary"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    approvalsDecide: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description Digest of the approval: `sha256:` and 64 hexadecimal digits. */
                digest: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StatementRequestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalView"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    approvalsPrepared: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Digest of the approval: `sha256:` and 64 hexadecimal digits. */
                digest: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PreparedApproval"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    attestationsOfRun: {
        parameters: {
            query: {
                /** @description Number of the run. */
                run: number;
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StageAttestation"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    entriesList: {
        parameters: {
            query?: {
                /** @description Number of the run. */
                run?: number;
                /** @description Index after which entries are listed: the last one the caller has. */
                after?: number;
                /** @description Index before which entries are listed: the first one the caller has. */
                before?: number;
                /** @description Name of a person who signed, decided, froze, revoked or redrove, case-insensitive. */
                by?: string;
                /** @description Type of the event, or its end: `rollout.reversed`. */
                type?: string;
                /** @description Earliest time, RFC 3339. */
                since?: string;
                /** @description Latest time, RFC 3339. */
                until?: string;
                /** @description Whether entries include the acts of people in the event, with their reasons. */
                acts?: "true" | "false";
                /** @description Whether entries include the signed events that the log keeps. */
                signed?: "true" | "false";
                /** @description `index`: oldest first; `newest`: newest first. */
                order?: "index" | "newest";
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordedEntry"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    logProofOfVersion: {
        parameters: {
            query: {
                /** @description Id of the policy. */
                policy: string;
                /** @description Version of the policy. */
                version: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditProof"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    logProofOfDigest: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Digest of the release: `sha256:` and 64 hexadecimal digits. */
                digest: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditProof"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    logReleases: {
        parameters: {
            query: {
                /** @description Index of the first entry. */
                from: number;
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovedReleases"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    windowsShow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Event id of the entry. */
                event: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    botsList: {
        parameters: {
            query?: {
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BotSummary"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    botsAdd: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BotRegistrationDto"];
            };
        };
        responses: {
            /** @description done as asked */
            201: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BotSummary"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    breakGlassSign: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BreakGlassRequestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            202: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalView"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    breakGlassPrepare: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PrepareBreakGlassDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PreparedApproval"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    calendarShow: {
        parameters: {
            query?: {
                /** @description Key for this address in place of the Authorization header: from a bulk evaluation, or from `tokens calendar`. */
                key?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/calendar": string;
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    canariesShow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the run. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        run: number;
                        label: string;
                        /** @enum {unknown} */
                        state: "waiting" | "passed" | "new" | "proving" | "publishing" | "observing" | "growing" | "baking" | "failed" | "paused" | "ended";
                        scope: string;
                        requestedShare: number;
                        members: components["schemas"]["CanaryMember"][];
                        earlier: components["schemas"]["ScopedMember"][];
                        steps: components["schemas"]["RampStep"][];
                        passed: components["schemas"]["PassedStep"][];
                        publishedAt: null | string;
                        observeMs: number;
                        observeUntil: null | string;
                        leaseUntil: string;
                        alerts: number;
                        unexplained: components["schemas"]["UnexplainedAlert"][];
                        figures: null | components["schemas"]["CanaryFigures"];
                        series: components["schemas"]["CanaryPoint"][];
                        summary: string;
                    };
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    corporaList: {
        parameters: {
            query?: {
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CorpusSummary"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    corporaAdd: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CorpusRegistrationDto"];
            };
        };
        responses: {
            /** @description done as asked */
            201: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CorpusSummary"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    coverageShow: {
        parameters: {
            query: {
                /** @description Id of the policy. */
                policy: string;
                /** @description Revision that the bots should have reached. */
                revision?: number;
                /** @description Maximum wait in ms until no bot lags behind the revision. */
                waitMs?: number;
                /** @description `all`: the response lists the connected bots, or their counts by region and release if they are many. */
                bots?: "all";
                /** @description With `bots=all`: only bots whose name contains this text, in upper or lower case. */
                named?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CoverageView"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    deadLettersList: {
        parameters: {
            query?: {
                /** @description Only items in this state. */
                state?: "waiting" | "ignored" | "replayed" | "discarded";
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Name of the service that abandoned the messages. */
                service: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterSummary"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    deadLettersShow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the service that abandoned the messages. */
                service: string;
                /** @description Id of the dead letter. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterView"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    deadLettersDecide: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description Name of the service that abandoned the messages. */
                service: string;
                /** @description Id of the dead letter. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StatementRequestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterSummary"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    deadLettersDiscard: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description Name of the service that abandoned the messages. */
                service: string;
                /** @description Id of the dead letter. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DiscardDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterSummary"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    deadLettersReplay: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description Name of the service that abandoned the messages. */
                service: string;
                /** @description Id of the dead letter. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterSummary"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    deliveriesList: {
        parameters: {
            query?: {
                /** @description Number of the run. */
                run?: number;
                /** @description Only items in this state. */
                state?: "pending" | "delivered" | "dead" | "superseded";
                /** @description Id of the last delivery that the caller has. */
                before?: string;
                /** @description Id of the partner. */
                partner?: string;
                /** @description Id of the policy. */
                policy?: string;
                /** @description Version of the policy. */
                version?: string;
                /** @description Earliest time, RFC 3339. */
                since?: string;
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryView"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    redriveMany: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RedriveManyDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RedriveResult"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    deliveriesShow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the delivery. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryDetail"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    redriveOne: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description Id of the delivery. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RedriveDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryDetail"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    eventsFollow: {
        parameters: {
            query?: {
                /** @description Revision that this reader has already: it gets the changes after it. */
                revision?: number;
                /** @description Policies that this reader uses; the other policies of their bundles are included. Unknown ones are sent once they exist. */
                policies?: string[];
                /** @description Name of the bot that reads; the canary of a cohort depends on it. */
                bot?: string;
                /** @description Region of the reader. */
                region?: string;
            };
            header?: {
                /** @description Id of the last event that the caller received; the stream resumes after it. */
                "last-event-id"?: string;
                /** @description Newest revision that the caller has seen. An instance that does not reach it responds `HMS_STORE_BEHIND`. */
                "if-revision-at-least"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    exportPull: {
        parameters: {
            query?: {
                /** @description `cursor` of the last line that the caller has. */
                after?: string;
                /** @description Number of entries after which the response ends, at a checkpoint. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    freezesList: {
        parameters: {
            query?: {
                /** @description Whether each freeze includes the signed statements that declared and lifted it. */
                signed?: "true" | "false";
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FreezeView"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    freezesDeclare: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StatementRequestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            201: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FreezeView"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    freezesShow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the freeze. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FreezeRecord"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    freezesLift: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description Id of the freeze. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StatementRequestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FreezeView"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    headsRefresh: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignedFreshnessDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        accepted: boolean;
                    };
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    groupsList: {
        parameters: {
            query?: {
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Name of the service. */
                service: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceLag"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    headsStore: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["IssuedHeadsDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HeadReceipt"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    liveRecordsList: {
        parameters: {
            query?: {
                /** @description `storedAt` of the last known head; later heads are returned. */
                after?: string;
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LiveRecord"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    dryRunLint: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LintRequestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LintReport"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    partnersList: {
        parameters: {
            query?: {
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PartnerSummary"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    partnersAdd: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PartnerRegistrationDto"];
            };
        };
        responses: {
            /** @description done as asked */
            201: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PartnerSummary"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    resubscribeResubscribe: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description Id of the partner. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResubscribeDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PartnerSummary"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    partnerTestsTest: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description Id of the partner. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PartnerTestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PartnerTestResult"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    policiesList: {
        parameters: {
            query?: {
                /** @description Name of the bot that reads; the canary of a cohort depends on it. */
                bot?: string;
                /** @description Region of the reader. */
                region?: string;
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: {
                /** @description ETag of the response that the caller has; an unchanged response is 304. */
                "if-none-match"?: string;
                /** @description Newest revision that the caller has seen. An instance that does not reach it responds `HMS_STORE_BEHIND`. */
                "if-revision-at-least"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PolicyView"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    policiesShow: {
        parameters: {
            query?: {
                /** @description Time at which the version was in force. */
                at?: string;
                /** @description Ignores heads that were recorded after this time; by default now. */
                known?: string;
                /** @description Version to return, with the time it was last in force. */
                version?: string;
                /** @description Name of the bot that reads; the canary of a cohort depends on it. */
                bot?: string;
                /** @description Region of the reader. */
                region?: string;
            };
            header?: {
                /** @description ETag of the response that the caller has; an unchanged response is 304. */
                "if-none-match"?: string;
                /** @description Newest revision that the caller has seen. An instance that does not reach it responds `HMS_STORE_BEHIND`. */
                "if-revision-at-least"?: string;
            };
            path: {
                /** @description Id of the policy. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PolicyView"] | components["schemas"]["PastPolicyView"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    historyList: {
        parameters: {
            query?: {
                /** @description Limit of heads that are read; a head that changed nothing for readers makes no entry. */
                limit?: number;
                /** @description `seq` of the last entry of the previous page. */
                before?: number;
                /** @description Whether each entry includes its signed head and releases. */
                signed?: "true" | "false";
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Id of the policy. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PolicyHistoryEntry"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    policiesRestore: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description Id of the policy. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RestoreDocumentDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RestoredDocument"][];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    receiptsRead: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Token from the address in the message. */
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReceiptView"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    receiptsAcknowledge: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description Token from the address in the message. */
                token: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AcknowledgementDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReceiptView"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    rollbacksCreate: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RollbackRequestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            202: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RollbackResult"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    rollbacksPreview: {
        parameters: {
            query: {
                /** @description `true`: the other policies of the bundle stay unchanged. */
                only?: "true" | "false";
                /** @description Id of the policy. */
                policy: string;
                /** @description Version of the policy. */
                version: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RollbackPreview"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    rosterChain: {
        parameters: {
            query?: {
                /** @description Version that the caller has; without it the chain begins with the first roster. */
                since?: number;
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RosterStep"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    rosterProposals: {
        parameters: {
            query?: {
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RosterProposalView"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    rosterPropose: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RosterProposalDto"];
            };
        };
        responses: {
            /** @description done as asked */
            202: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RosterProposalView"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    rosterSign: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description Digest of the proposed roster. */
                digest: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RosterSignatureDto"];
            };
        };
        responses: {
            /** @description done as asked */
            202: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RosterProposalView"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    runsList: {
        parameters: {
            query?: {
                /** @description `yes`: only runs that have not ended; `no`: only ended runs. */
                open?: "yes" | "no";
                /** @description Only items in this state. */
                state?: "AWAITING_APPROVAL" | "QUEUED" | "LINTING" | "SIMULATING" | "WAITING" | "CANARY" | "ROLLING_OUT" | "BAKING" | "NOTIFYING" | "PAUSED" | "ROLLING_BACK" | "SUCCEEDED" | "FAILED" | "ROLLED_BACK" | "ABORTED" | "SUPERSEDED" | "STALE";
                /** @description Returns only items with a smaller number, for the next page. */
                before?: number;
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunView"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    runsShow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the run. */
                number: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunView"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    runsDecide: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description Number of the run. */
                number: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StatementRequestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            202: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunView"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    runsEvents: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the run. */
                number: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-Sent Events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    scenariosList: {
        parameters: {
            query?: {
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScenarioSummary"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    scenariosAdd: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ScenarioRegistrationDto"];
            };
        };
        responses: {
            /** @description done as asked */
            201: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScenarioSummary"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    schemasList: {
        parameters: {
            query?: {
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegisteredSchema"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    schemasAdd: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SchemaRegistrationDto"];
            };
        };
        responses: {
            /** @description done as asked */
            201: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegisteredSchema"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    simulationsTry: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TrialRequestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trial"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    simulationsTrial: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplayProgress"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    simulationsShow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the run. */
                run: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SimulationView"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    policiesSnapshot: {
        parameters: {
            query?: {
                /** @description Place (`policy@scope`) after which the page of documents begins; empty for the first page. */
                after?: string;
                /** @description Revision that this reader has already: it gets the changes after it. */
                revision?: number;
                /** @description Policies that this reader uses; the other policies of their bundles are included. Unknown ones are sent once they exist. */
                policies?: string[];
                /** @description Name of the bot that reads; the canary of a cohort depends on it. */
                bot?: string;
                /** @description Region of the reader. */
                region?: string;
            };
            header?: {
                /** @description ETag of the response that the caller has; an unchanged response is 304. */
                "if-none-match"?: string;
                /** @description Newest revision that the caller has seen. An instance that does not reach it responds `HMS_STORE_BEHIND`. */
                "if-revision-at-least"?: string;
                /** @description Encodings that the caller accepts; large responses are compressed. */
                "accept-encoding"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StreamFrame"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    ticketsList: {
        parameters: {
            query?: {
                /** @description Only items in this state. */
                state?: "OPEN" | "DECIDED" | "EXPIRED" | "MOOT";
                /** @description Returns only items with a smaller number, for the next page. */
                before?: number;
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ticket"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    ticketsShow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the ticket. */
                number: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ticket"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    ticketsDecide: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description Number of the ticket. */
                number: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StatementRequestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            202: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ticket"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    tokensList: {
        parameters: {
            query?: {
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenView"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    tokensCreate: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TokenRequestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            201: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IssuedToken"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    tokensRevoke: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description Id of the token. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenView"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    topicsList: {
        parameters: {
            query?: {
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TopicActivity"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    topicsRecords: {
        parameters: {
            query?: {
                /** @description Comma-separated topic names; default: the whole catalogue. */
                topics?: ("hms.approval.v1" | "hms.lint.v1" | "hms.simulation.v1" | "hms.canary.v1" | "hms.rollout.v1" | "hms.notification.v1" | "hms.run.control.v1" | "hms.ticket.v1" | "hms.run.state.v1" | "hms.roster.v1" | "hms.token.v1" | "hms.freeze.v1" | "hms.partner.v1" | "hms.receipt.v1" | "hms.config.head.v1" | "hms.config.published.v1" | "hms.config.coverage.v1" | "hms.config.state.v1" | "hms.bot.alert.v1" | "hms.letter.v1" | "hms.audit.v1" | "hms.dlq.approver.v1" | "hms.dlq.linter.v1" | "hms.dlq.simulator.v1" | "hms.dlq.canary-controller.v1" | "hms.dlq.rollout.v1" | "hms.dlq.notifier.v1" | "hms.dlq.config-store.v1" | "hms.dlq.audit.v1")[];
                /** @description Cursor: `next` of an earlier page. Without `after` and `since`, the page is empty and its `next` is the end of the log. */
                after?: string;
                /** @description Earliest time, RFC 3339. */
                since?: string;
                /** @description `newest`: the newest records, whatever `after` and `since` are. They are listed oldest first, too. */
                order?: "newest";
                /** @description Maximum records per service. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TopicRecords"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    unsubscribesRead: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Token from the address in the mail. */
                token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UnsubscribeView"];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    unsubscribesUnsubscribe: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description Token from the address in the mail. */
                token: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UnsubscribeDto"];
            };
        };
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UnsubscribeView"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    webhookKeysList: {
        parameters: {
            query?: {
                /** @description Maximum number of items in the response. */
                limit?: number;
                /** @description Of the `Link` of the page before; without it the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done as asked */
            200: {
                headers: {
                    /** @description Of these bytes; `If-None-Match` with it answers 304 while they stay. */
                    ETag?: string;
                    /** @description Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288). */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookKeyView"][];
                };
            };
            /** @description What `If-None-Match` names is still what would be answered. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    withdrawalsCreate: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same body to the same path under it within 24 hours is answered as the first time, and done once. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WithdrawalRequestDto"];
            };
        };
        responses: {
            /** @description done as asked */
            202: {
                headers: {
                    /** @description `true` where this is the stored response of an earlier request. */
                    "Idempotency-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WithdrawalResult"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
}
