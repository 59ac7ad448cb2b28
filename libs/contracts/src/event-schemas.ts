// JSON Schemas of `EventData`, made from its types: `npm run schemas` writes this file.
import type { EventType } from './events.js'

export type JsonSchema = { readonly [keyword: string]: unknown }
type EventSchemas = { readonly types: Record<EventType, JsonSchema>; readonly $defs: Record<string, JsonSchema> }

export const EVENT_SCHEMAS: EventSchemas = {
  "types": {
    "hms.approval.approved.v1": {"type":"object","required":["dossier"],"properties":{"dossier":{"$ref":"#/$defs/RunDossier"}}},
    "hms.approval.rejected.v1": {"$ref":"#/$defs/RejectedApproval"},
    "hms.lint.passed.v1": {
      "type": "object",
      "required": ["dossier","findings"],
      "properties": {"dossier":{"$ref":"#/$defs/RunDossier"},"findings":{"type":"array","items":{"$ref":"#/$defs/LintFinding"}}}
    },
    "hms.lint.failed.v1": {
      "type": "object",
      "required": ["run","attempt","reason","detail","findings"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "reason": {"type":"string"},
        "detail": {"type":"string"},
        "next": {"type":"array","items":{"type":"string"}},
        "kept": {"type":"array","items":{"$ref":"#/$defs/KeptPolicy"}},
        "attestation": {"$ref":"#/$defs/Envelope"},
        "findings": {"type":"array","items":{"$ref":"#/$defs/LintFinding"}}
      }
    },
    "hms.simulation.started.v1": {
      "type": "object",
      "required": ["run","attempt"],
      "properties": {"run":{"type":"number"},"attempt":{"type":"number"}}
    },
    "hms.simulation.passed.v1": {
      "type": "object",
      "required": ["dossier","summary","reportDigest","scenarios"],
      "properties": {
        "dossier": {"$ref":"#/$defs/RunDossier"},
        "summary": {"type":"string"},
        "reportDigest": {"type":["null","string"]},
        "scenarios": {"type":"array","items":{"$ref":"#/$defs/ScenarioRule"}},
        "load": {"$ref":"#/$defs/PredictedLoad"}
      }
    },
    "hms.simulation.failed.v1": {"$ref":"#/$defs/StageFailure"},
    "hms.simulation.paused.v1": {"$ref":"#/$defs/StageFailure"},
    "hms.canary.delayed.v1": {
      "type": "object",
      "required": ["run","attempt","label","detail"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "label": {"type":"string"},
        "detail": {"type":"string"},
        "reason": {"const":"FREEZE"},
        "behind": {"type":"number"}
      }
    },
    "hms.canary.started.v1": {
      "type": "object",
      "required": ["run","attempt","label","detail"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "label": {"type":"string"},
        "detail": {"type":"string"},
        "step": {"type":"number"}
      }
    },
    "hms.canary.observation-started.v1": {
      "type": "object",
      "required": ["run","attempt","detail","until"],
      "properties": {"run":{"type":"number"},"attempt":{"type":"number"},"detail":{"type":"string"},"until":{"type":"string"}}
    },
    "hms.canary.step-passed.v1": {
      "type": "object",
      "required": ["run","attempt","label","detail","steps"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "label": {"type":"string"},
        "detail": {"type":"string"},
        "steps": {"type":"array","items":{"$ref":"#/$defs/PassedStep"}}
      }
    },
    "hms.canary.passed.v1": {
      "type": "object",
      "required": ["dossier","summary","label"],
      "properties": {
        "dossier": {"$ref":"#/$defs/RunDossier"},
        "summary": {"type":"string"},
        "label": {"type":"string"},
        "figures": {"$ref":"#/$defs/CanaryFigures"},
        "steps": {"type":"array","items":{"$ref":"#/$defs/PassedStep"}}
      }
    },
    "hms.canary.failed.v1": {
      "type": "object",
      "required": ["run","attempt","reason","detail","label"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "reason": {"type":"string"},
        "detail": {"type":"string"},
        "next": {"type":"array","items":{"type":"string"}},
        "kept": {"type":"array","items":{"$ref":"#/$defs/KeptPolicy"}},
        "attestation": {"$ref":"#/$defs/Envelope"},
        "label": {"type":"string"},
        "figures": {"$ref":"#/$defs/CanaryFigures"}
      }
    },
    "hms.canary.paused.v1": {
      "type": "object",
      "required": ["run","attempt","reason","detail","label"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "reason": {"type":"string"},
        "detail": {"type":"string"},
        "next": {"type":"array","items":{"type":"string"}},
        "kept": {"type":"array","items":{"$ref":"#/$defs/KeptPolicy"}},
        "attestation": {"$ref":"#/$defs/Envelope"},
        "label": {"type":"string"},
        "figures": {"$ref":"#/$defs/CanaryFigures"}
      }
    },
    "hms.canary.alarmed.v1": {
      "type": "object",
      "required": ["run","attempt","reason","detail"],
      "properties": {"run":{"type":"number"},"attempt":{"type":"number"},"reason":{"type":"string"},"detail":{"type":"string"}}
    },
    "hms.rollout.delayed.v1": {
      "type": "object",
      "required": ["run","attempt","detail","reason"],
      "properties": {"run":{"type":"number"},"attempt":{"type":"number"},"detail":{"type":"string"},"reason":{"const":"FREEZE"}}
    },
    "hms.rollout.started.v1": {
      "type": "object",
      "required": ["run","attempt","detail"],
      "properties": {"run":{"type":"number"},"attempt":{"type":"number"},"detail":{"type":"string"}}
    },
    "hms.rollout.promoted.v1": {
      "type": "object",
      "required": ["run","attempt","heads"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "heads": {"type":"array","items":{"$ref":"#/$defs/PromotedHead"}},
        "change": {"$ref":"#/$defs/Change"}
      }
    },
    "hms.rollout.held.v1": {
      "type": "object",
      "required": ["dossier","until","detail"],
      "properties": {
        "dossier": {"$ref":"#/$defs/RunDossier"},
        "until": {"type":"string"},
        "detail": {"type":"string"},
        "reach": {"$ref":"#/$defs/Reach"}
      }
    },
    "hms.rollout.took-effect.v1": {
      "type": "object",
      "required": ["run","attempt","detail"],
      "properties": {"run":{"type":"number"},"attempt":{"type":"number"},"detail":{"type":"string"}}
    },
    "hms.rollout.bake-started.v1": {
      "type": "object",
      "required": ["run","attempt","until","detail"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "until": {"type":"string"},
        "detail": {"type":"string"},
        "reach": {"$ref":"#/$defs/Reach"}
      }
    },
    "hms.rollout.completed.v1": {
      "type": "object",
      "required": ["dossier","summary"],
      "properties": {"dossier":{"$ref":"#/$defs/RunDossier"},"summary":{"type":"string"},"reach":{"$ref":"#/$defs/Reach"}}
    },
    "hms.rollout.failed.v1": {"$ref":"#/$defs/StageFailure"},
    "hms.rollout.paused.v1": {"$ref":"#/$defs/StageFailure"},
    "hms.rollout.reversed.v1": {"$ref":"#/$defs/ReversedPolicy"},
    "hms.rollout.withdrawn.v1": {"$ref":"#/$defs/WithdrawnPolicy"},
    "hms.notification.started.v1": {
      "type": "object",
      "required": ["run","attempt","partners"],
      "properties": {"run":{"type":"number"},"attempt":{"type":"number"},"partners":{"type":"array","items":{"type":"string"}}}
    },
    "hms.notification.completed.v1": {
      "type": "object",
      "required": ["run","attempt","summary","sent","retrying"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "summary": {"type":"string"},
        "sent": {"type":"number"},
        "retrying": {"type":"number"}
      }
    },
    "hms.notification.progressed.v1": {
      "type": "object",
      "required": ["run","attempt","sent","acknowledged"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "sent": {"type":"number"},
        "acknowledged": {"type":"number"},
        "partners": {"type":"number"}
      }
    },
    "hms.notification.undelivered.v1": {
      "type": "object",
      "required": ["run","partner","channel","message","policies","tries","detail"],
      "properties": {
        "run": {"type":"number"},
        "partner": {"type":"string"},
        "channel": {"type":"string"},
        "message": {"type":"string"},
        "policies": {"type":"array","items":{"type":"string"}},
        "tries": {"type":"number"},
        "detail": {"type":["null","string"]}
      }
    },
    "hms.run.changed.v1": {"type":"object","required":["view"],"properties":{"view":{"$ref":"#/$defs/RunView"}}},
    "hms.run.decided.v1": {
      "type": "object",
      "required": ["run","attempt","decision","reason","by"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "decision": {"const":"abort"},
        "reason": {"type":"string"},
        "by": {"type":"string"}
      }
    },
    "hms.run.decision-accepted.v1": {"$ref":"#/$defs/AcceptedDecision"},
    "hms.run.decision-applied.v1": {"$ref":"#/$defs/DecisionAnswer"},
    "hms.run.decision-late.v1": {"$ref":"#/$defs/DecisionAnswer"},
    "hms.stage.timed-out.v1": {
      "type": "object",
      "required": ["run","attempt","stage","detail"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "stage": {"enum":["lint","simulate","canary","rollout","notify"]},
        "detail": {"type":"string"}
      }
    },
    "hms.guard.judged.v1": {"$ref":"#/$defs/GuardJudged"},
    "hms.ticket.opened.v1": {"type":"object","required":["ticket"],"properties":{"ticket":{"$ref":"#/$defs/Ticket"}}},
    "hms.ticket.escalated.v1": {"type":"object","required":["ticket"],"properties":{"ticket":{"$ref":"#/$defs/Ticket"}}},
    "hms.ticket.closed.v1": {"type":"object","required":["ticket"],"properties":{"ticket":{"$ref":"#/$defs/Ticket"}}},
    "hms.run.poisoned.v1": {
      "type": "object",
      "required": ["run","attempt","group","reason","detail"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "group": {"type":"string"},
        "reason": {"type":"string"},
        "detail": {"type":"string"}
      }
    },
    "hms.roster.rotated.v1": {"$ref":"#/$defs/RosterStep"},
    "hms.token.issued.v1": {"type":"object","required":["token"],"properties":{"token":{"$ref":"#/$defs/TokenRecord"}}},
    "hms.token.revoked.v1": {"type":"object","required":["token"],"properties":{"token":{"$ref":"#/$defs/TokenRecord"}}},
    "hms.freeze.declared.v1": {"type":"object","required":["freeze"],"properties":{"freeze":{"$ref":"#/$defs/FreezeRecord"}}},
    "hms.freeze.lifted.v1": {"type":"object","required":["freeze"],"properties":{"freeze":{"$ref":"#/$defs/FreezeRecord"}}},
    "hms.partner.registered.v1": {
      "type": "object",
      "required": ["id","groups","name"],
      "properties": {"id":{"type":"string"},"groups":{"type":"array","items":{"type":"string"}},"name":{"type":"string"}}
    },
    "hms.partner.unsubscribed.v1": {
      "type": "object",
      "required": ["partner","address","at"],
      "properties": {"partner":{"type":"string"},"address":{"type":"string"},"at":{"type":"string"}}
    },
    "hms.partner.resubscribed.v1": {
      "type": "object",
      "required": ["partner","address","by","reason","at"],
      "properties": {
        "partner": {"type":"string"},
        "address": {"type":"string"},
        "by": {"type":"string"},
        "reason": {"type":"string"},
        "at": {"type":"string"}
      }
    },
    "hms.delivery.delivered.v1": {
      "type": "object",
      "required": [
        "delivery",
        "message",
        "partner",
        "channel",
        "policy",
        "version",
        "digest",
        "run",
        "at",
        "tries",
        "status",
        "address",
        "tlsFingerprint",
        "keyId"
      ],
      "properties": {
        "delivery": {"type":"string"},
        "message": {"type":"string"},
        "partner": {"type":"string"},
        "channel": {"type":"string"},
        "policy": {"type":"string"},
        "version": {"type":"string"},
        "digest": {"type":"string"},
        "policies": {"type":"array","items":{"$ref":"#/$defs/ToldPolicy"}},
        "run": {"type":"number"},
        "at": {"type":"string"},
        "tries": {"type":"number"},
        "status": {"type":["null","number"]},
        "address": {"type":["null","string"]},
        "tlsFingerprint": {"type":["null","string"]},
        "keyId": {"type":["null","string"]}
      }
    },
    "hms.delivery.acknowledged.v1": {
      "type": "object",
      "required": ["delivery","message","partner","channel","policy","version","digest","run","at","way","keyId"],
      "properties": {
        "delivery": {"type":"string"},
        "message": {"type":"string"},
        "partner": {"type":"string"},
        "channel": {"type":"string"},
        "policy": {"type":"string"},
        "version": {"type":"string"},
        "digest": {"type":"string"},
        "policies": {"type":"array","items":{"$ref":"#/$defs/ToldPolicy"}},
        "run": {"type":"number"},
        "at": {"type":"string"},
        "way": {"enum":["callback","reply","file","link"]},
        "keyId": {"type":["null","string"]}
      }
    },
    "hms.delivery.given-up.v1": {
      "type": "object",
      "required": ["delivery","message","partner","channel","policy","version","digest","run","at","tries","detail"],
      "properties": {
        "delivery": {"type":"string"},
        "message": {"type":"string"},
        "partner": {"type":"string"},
        "channel": {"type":"string"},
        "policy": {"type":"string"},
        "version": {"type":"string"},
        "digest": {"type":"string"},
        "policies": {"type":"array","items":{"$ref":"#/$defs/ToldPolicy"}},
        "run": {"type":"number"},
        "at": {"type":"string"},
        "tries": {"type":"number"},
        "detail": {"type":["null","string"]}
      }
    },
    "hms.delivery.redriven.v1": {
      "type": "object",
      "required": ["delivery","message","partner","channel","policy","version","digest","run","at","by","reason"],
      "properties": {
        "delivery": {"type":"string"},
        "message": {"type":"string"},
        "partner": {"type":"string"},
        "channel": {"type":"string"},
        "policy": {"type":"string"},
        "version": {"type":"string"},
        "digest": {"type":"string"},
        "policies": {"type":"array","items":{"$ref":"#/$defs/ToldPolicy"}},
        "run": {"type":"number"},
        "at": {"type":"string"},
        "by": {"type":"string"},
        "reason": {"type":"string"}
      }
    },
    "hms.head.issued.v1": {"$ref":"#/$defs/IssuedHeads"},
    "hms.head.published.v1": {"$ref":"#/$defs/PublishedHeads"},
    "hms.coverage.reported.v1": {"$ref":"#/$defs/ReportedCoverage"},
    "hms.state.recorded.v1": {
      "type": "object",
      "required": ["document"],
      "properties": {"document":{"$ref":"#/$defs/ConfigDocument"},"bundle":{"type":"string"}}
    },
    "hms.state.vouched.v1": {"type":"object","required":["freshness"],"properties":{"freshness":{"$ref":"#/$defs/Envelope"}}},
    "hms.alert.reported.v1": {
      "type": "object",
      "required": ["id","bot","region","kind","reading","value","receivedAt","connected","ofRun"],
      "properties": {
        "id": {"type":"string"},
        "bot": {"type":"string"},
        "region": {"type":"string"},
        "kind": {"type":"string"},
        "reading": {"type":["null","object"]},
        "value": {"type":["null","string","number"]},
        "policy": {"type":"string"},
        "version": {"type":"string"},
        "receivedAt": {"type":"string"},
        "connected": {"type":"boolean"},
        "ofRun": {"type":["null","number"]},
        "applied": {"type":"array","items":{"type":"string"}},
        "reporter": {"type":"string"}
      }
    },
    "hms.release.logged.v1": {"$ref":"#/$defs/LoggedApproval"}
  },
  "$defs": {
    "AcceptedDecision": {
      "type": "object",
      "required": ["run","attempt","id","decision","stage","by","reason","statement"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "id": {"type":"string"},
        "decision": {"enum":["pause","resume","promote","extend","retry","abort","supersede"]},
        "stage": {"anyOf":[{"enum":["lint","simulate","canary","rollout","notify"]},{"type":"null"}]},
        "byMs": {"type":"number"},
        "by": {"type":"string"},
        "reason": {"type":"string"},
        "publicReason": {"type":"string"},
        "statement": {"$ref":"#/$defs/Envelope"}
      }
    },
    "ApprovalMember": {
      "type": "object",
      "required": ["index","path"],
      "properties": {"index":{"type":"number"},"path":{"type":"array","items":{"type":"string"}}}
    },
    "Audience": {
      "type": "object",
      "required": ["connected","cohort","smallestBucket"],
      "properties": {"connected":{"type":"number"},"cohort":{"type":"number"},"smallestBucket":{"type":["null","number"]}}
    },
    "BotLoad": {
      "type": "object",
      "required": ["bot","readings","before","after"],
      "properties": {"bot":{"type":"string"},"readings":{"type":"number"},"before":{"type":"number"},"after":{"type":"number"}}
    },
    "BreakGlass": {
      "type": "object",
      "required": ["reason","by","review"],
      "properties": {
        "reason": {"type":"string"},
        "by": {"type":"array","items":{"type":"string"}},
        "review": {"$ref":"#/$defs/BreakGlassReview"}
      }
    },
    "BreakGlassReview": {
      "type": "object",
      "required": ["ticket","dueAt","state"],
      "properties": {
        "ticket": {"type":"number"},
        "dueAt": {"type":"string"},
        "state": {"enum":["OPEN","OVERDUE","CLOSED"]},
        "closedBy": {"type":"string"}
      }
    },
    "CanaryFigures": {
      "type": "object",
      "required": [
        "cohort",
        "control",
        "countedAt",
        "cohortHours",
        "controlHours",
        "cohortAlerts",
        "controlAlerts",
        "expected",
        "evidence",
        "limit",
        "chance",
        "power",
        "isDoublingExcluded",
        "lacks"
      ],
      "properties": {
        "cohort": {"type":"number"},
        "control": {"type":"number"},
        "countedAt": {"type":"string"},
        "cohortHours": {"type":"number"},
        "controlHours": {"type":"number"},
        "cohortAlerts": {"type":"number"},
        "controlAlerts": {"type":"number"},
        "expected": {"type":"number"},
        "evidence": {"type":"number"},
        "limit": {"type":"number"},
        "chance": {"type":["null","number"]},
        "power": {"type":"number"},
        "isDoublingExcluded": {"type":"boolean"},
        "lacks": {"type":"array","items":{"enum":["SKEWED_EXPOSURE","STALE_DATA","COHORT_LOST","CONTROL_LOST"]}},
        "load": {"$ref":"#/$defs/CanaryLoad"},
        "metrics": {"type":"array","items":{"$ref":"#/$defs/MetricFigures"}}
      }
    },
    "CanaryLoad": {
      "type": "object",
      "required": ["alerts","predicted"],
      "properties": {"alerts":{"type":"number"},"predicted":{"type":"number"}}
    },
    "CarriedRelease": {
      "type": "object",
      "required": ["id","version","policyDigest","releaseDigest","releaseEpoch","statement","payloadType","signatures"],
      "properties": {
        "id": {"type":"string"},
        "version": {"type":"string"},
        "policyDigest": {"type":"string"},
        "releaseDigest": {"type":"string"},
        "releaseEpoch": {"type":"number"},
        "statement": {"type":"object"},
        "payloadType": {"type":"string"},
        "signatures": {
          "type": "array",
          "items": {"type":"object","required":["keyid","sig"],"properties":{"keyid":{"type":"string"},"sig":{"type":"string"}}}
        },
        "proof": {"$ref":"#/$defs/ProofPlace"}
      }
    },
    "Change": {
      "type": "object",
      "required": ["cause","by","reason","statements"],
      "properties": {
        "cause": {"enum":["run","rollback","withdrawal","break-glass"]},
        "by": {"type":"array","items":{"type":"string"}},
        "reason": {"type":["null","string"]},
        "publicReason": {"type":"string"},
        "statements": {"type":"array","items":{"$ref":"#/$defs/SignedStatement"}}
      }
    },
    "ConfigDocument": {
      "type": "object",
      "required": ["id","scope","seq","revision","version","digest","run","head","release","proof"],
      "properties": {
        "id": {"type":"string"},
        "scope": {"type":"string"},
        "seq": {"type":"number"},
        "revision": {"type":"number"},
        "version": {"type":["null","string"]},
        "digest": {"type":["null","string"]},
        "run": {"type":["null","number"]},
        "head": {"$ref":"#/$defs/Envelope"},
        "release": {"anyOf":[{"type":"null"},{"$ref":"#/$defs/Envelope"}]},
        "proof": {"anyOf":[{"type":"null"},{"$ref":"#/$defs/LogProof"}]},
        "next": {"$ref":"#/$defs/HeldRelease"}
      }
    },
    "CoverageReport": {
      "type": "object",
      "required": ["policy","revision","scopes"],
      "properties": {
        "policy": {"type":"string"},
        "revision": {"type":"number"},
        "scopes": {"type":"array","items":{"$ref":"#/$defs/ScopeCoverage"}}
      }
    },
    "DecisionAnswer": {
      "type": "object",
      "required": ["run","attempt","id","decision","stage","detail"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "id": {"type":"string"},
        "decision": {"enum":["pause","resume","promote","extend","retry","abort","supersede"]},
        "stage": {"enum":["lint","simulate","canary","rollout","notify"]},
        "detail": {"type":"string"},
        "kept": {"type":"array","items":{"$ref":"#/$defs/KeptPolicy"}}
      }
    },
    "Envelope": {
      "type": "object",
      "required": ["payload","payloadType","signatures"],
      "properties": {
        "payload": {"type":"string"},
        "payloadType": {"type":"string"},
        "signatures": {
          "type": "array",
          "items": {"type":"object","required":["keyid","sig"],"properties":{"keyid":{"type":"string"},"sig":{"type":"string"}}}
        }
      }
    },
    "FreezeRecord": {
      "type": "object",
      "required": ["by","declaredAt","statement","lifted","id","reason","scope"],
      "properties": {
        "by": {"type":"string"},
        "declaredAt": {"type":"string"},
        "statement": {"$ref":"#/$defs/Envelope"},
        "lifted": {
          "anyOf": [
            {"type":"null"},
            {
              "type": "object",
              "required": ["by","reason","at","statement"],
              "properties": {
                "by": {"type":"string"},
                "reason": {"type":"string"},
                "at": {"type":"string"},
                "statement": {"$ref":"#/$defs/Envelope"}
              }
            }
          ]
        },
        "id": {"type":"string"},
        "reason": {"type":"string"},
        "scope": {"type":"string"},
        "from": {"type":"string"},
        "until": {"type":"string"},
        "recurrence": {"$ref":"#/$defs/FreezeRecurrence"}
      }
    },
    "FreezeRecurrence": {
      "type": "object",
      "required": ["cron","zone","for"],
      "properties": {"cron":{"type":"string"},"zone":{"type":"string"},"for":{"type":"string"}}
    },
    "GuardJudged": {
      "type": "object",
      "required": ["action","run","stage","verdict","rule","sentence","rules","releases","principal","attestation"],
      "properties": {
        "action": {"enum":["rollback","approve","advance"]},
        "run": {"type":["null","number"]},
        "stage": {"anyOf":[{"enum":["lint","simulate","canary","rollout","notify"]},{"type":"null"}]},
        "verdict": {"enum":["PASS","FAIL","WARN"]},
        "rule": {"type":["null","string"]},
        "sentence": {"type":"string"},
        "rules": {"type":"array","items":{"type":"string"}},
        "releases": {"type":"array","items":{"type":"string"}},
        "principal": {"type":"string"},
        "attestation": {"$ref":"#/$defs/Envelope"}
      }
    },
    "HeldRelease": {
      "type": "object",
      "required": ["release"],
      "properties": {"release":{"$ref":"#/$defs/Envelope"},"proof":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/LogProof"}]}}
    },
    "IssuedHead": {
      "type": "object",
      "required": ["head","release"],
      "properties": {
        "head": {"$ref":"#/$defs/Envelope"},
        "release": {"anyOf":[{"type":"null"},{"$ref":"#/$defs/Envelope"}]},
        "proof": {"anyOf":[{"type":"null"},{"$ref":"#/$defs/ProofPlace"}]},
        "next": {"anyOf":[{"type":"null"},{"$ref":"#/$defs/IssuedNext"}]}
      }
    },
    "IssuedHeads": {
      "type": "object",
      "required": ["heads","proofs"],
      "properties": {
        "heads": {"type":"array","items":{"$ref":"#/$defs/IssuedHead"}},
        "proofs": {"type":"array","items":{"$ref":"#/$defs/SharedProof"}},
        "change": {"$ref":"#/$defs/Envelope"}
      }
    },
    "IssuedNext": {
      "type": "object",
      "required": ["release"],
      "properties": {"release":{"$ref":"#/$defs/Envelope"},"proof":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/ProofPlace"}]}}
    },
    "KeptPolicy": {
      "type": "object",
      "required": ["id","version","refused","code","detail"],
      "properties": {
        "id": {"type":"string"},
        "version": {"type":"string"},
        "refused": {"type":["null","string"]},
        "code": {"type":"string"},
        "detail": {"type":"string"}
      }
    },
    "LintFinding": {
      "type": "object",
      "required": ["file","line","column","rule","severity","message"],
      "properties": {
        "file": {"type":"string"},
        "line": {"type":"number"},
        "column": {"type":"number"},
        "rule": {"type":"string"},
        "severity": {"enum":["error","warning"]},
        "message": {"type":"string"},
        "hint": {"type":"string"}
      }
    },
    "LogProof": {
      "type": "object",
      "required": ["member","entry","proof"],
      "properties": {"member":{"$ref":"#/$defs/ApprovalMember"},"entry":{"type":"string"},"proof":{"type":"string"}}
    },
    "LoggedApproval": {
      "type": "object",
      "required": ["releases","entry","proof"],
      "properties": {
        "releases": {"type":"array","items":{"$ref":"#/$defs/LoggedRelease"}},
        "entry": {"type":"string"},
        "proof": {"type":"string"}
      }
    },
    "LoggedRelease": {
      "type": "object",
      "required": ["policy","version","digest"],
      "properties": {"policy":{"type":"string"},"version":{"type":"string"},"digest":{"type":"string"}}
    },
    "MetricFigures": {
      "type": "object",
      "required": ["name","held","failed","unanswered","problem"],
      "properties": {
        "name": {"type":"string"},
        "held": {"type":"number"},
        "failed": {"type":"number"},
        "unanswered": {"type":"number"},
        "problem": {"type":["null","string"]}
      }
    },
    "MetricGate": {"type":"object","required":["name","query"],"properties":{"name":{"type":"string"},"query":{"type":"string"}}},
    "PassedStep": {
      "type": "object",
      "required": [
        "step",
        "scope",
        "scopeName",
        "requestedShare",
        "realisedShare",
        "cohort",
        "connected",
        "basis",
        "summary",
        "startedAt",
        "endedAt"
      ],
      "properties": {
        "step": {"type":"number"},
        "scope": {"type":"string"},
        "scopeName": {"type":"string"},
        "requestedShare": {"type":"number"},
        "realisedShare": {"type":"number"},
        "cohort": {"type":"number"},
        "connected": {"type":"number"},
        "basis": {"enum":["observed","promoted","unobserved"]},
        "summary": {"type":"string"},
        "startedAt": {"type":"string"},
        "endedAt": {"type":"string"},
        "figures": {"$ref":"#/$defs/CanaryFigures"}
      }
    },
    "PredictedLoad": {
      "type": "object",
      "required": ["scenarios","bots","omitted"],
      "properties": {
        "scenarios": {"type":"array","items":{"$ref":"#/$defs/ScenarioLoad"}},
        "bots": {"type":"array","items":{"$ref":"#/$defs/BotLoad"}},
        "omitted": {"type":"number"}
      }
    },
    "PromotedHead": {
      "type": "object",
      "required": ["policy","seq","release","version"],
      "properties": {
        "policy": {"type":"string"},
        "seq": {"type":"number"},
        "release": {"type":["null","string"]},
        "version": {"type":["null","string"]}
      }
    },
    "ProofPlace": {
      "type": "object",
      "required": ["of","index","path"],
      "properties": {"of":{"type":"number"},"index":{"type":"number"},"path":{"type":"array","items":{"type":"string"}}}
    },
    "PublishedHead": {
      "type": "object",
      "required": ["policy","scope","seq","release","revision","applied","audience"],
      "properties": {
        "policy": {"type":"string"},
        "scope": {"type":"string"},
        "seq": {"type":"number"},
        "release": {"type":["null","string"]},
        "revision": {"type":"number"},
        "applied": {"type":"boolean"},
        "audience": {"$ref":"#/$defs/Audience"},
        "change": {"type":"string"}
      }
    },
    "PublishedHeads": {
      "type": "object",
      "required": ["run","heads"],
      "properties": {"run":{"type":["null","number"]},"heads":{"type":"array","items":{"$ref":"#/$defs/PublishedHead"}}}
    },
    "RampStep": {
      "type": "object",
      "required": ["share","scope","scopeName"],
      "properties": {"share":{"type":"number"},"scope":{"type":"string"},"scopeName":{"type":"string"}}
    },
    "Reach": {
      "type": "object",
      "required": ["bots","current","halfAt","mostAt","allAt"],
      "properties": {
        "bots": {"type":"number"},
        "current": {"type":"number"},
        "halfAt": {"type":["null","string"]},
        "mostAt": {"type":["null","string"]},
        "allAt": {"type":["null","string"]}
      }
    },
    "RejectedApproval": {
      "type": "object",
      "required": ["run","attempt","approval","by","reason","statement"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "approval": {"type":"string"},
        "by": {"type":"string"},
        "reason": {"type":"string"},
        "publicReason": {"type":"string"},
        "statement": {"$ref":"#/$defs/Envelope"}
      }
    },
    "ReleaseDocument": {
      "type": "object",
      "required": ["id","version","policyDigest","releaseDigest","releaseEpoch","envelope"],
      "properties": {
        "id": {"type":"string"},
        "version": {"type":"string"},
        "policyDigest": {"type":"string"},
        "releaseDigest": {"type":"string"},
        "releaseEpoch": {"type":"number"},
        "envelope": {"$ref":"#/$defs/Envelope"},
        "proof": {"$ref":"#/$defs/LogProof"}
      }
    },
    "ReplacedPolicy": {
      "type": "object",
      "required": ["id","now"],
      "properties": {"id":{"type":"string"},"now":{"type":["null","string"]},"takenBackAt":{"type":"string"}}
    },
    "ReportedCoverage": {
      "type": "object",
      "required": ["ofRun","reports"],
      "properties": {"ofRun":{"type":["null","number"]},"reports":{"type":"array","items":{"$ref":"#/$defs/CoverageReport"}}}
    },
    "ReversedPolicy": {
      "type": "object",
      "required": ["policy","from","to","seq","reason","run"],
      "properties": {
        "policy": {"type":"string"},
        "from": {"$ref":"#/$defs/VersionRef"},
        "inForce": {"$ref":"#/$defs/VersionRef"},
        "to": {"anyOf":[{"type":"null"},{"$ref":"#/$defs/ReleaseDocument"}]},
        "seq": {"type":"number"},
        "reason": {"type":"string"},
        "run": {"type":["null","number"]},
        "replacedBy": {"type":"number"},
        "change": {"$ref":"#/$defs/Change"}
      }
    },
    "RolloutPlan": {
      "type": "object",
      "required": ["share","scope","scopeName","observeMs","bakeMs","partners"],
      "properties": {
        "share": {"type":"number"},
        "scope": {"type":"string"},
        "scopeName": {"type":"string"},
        "observeMs": {"type":"number"},
        "bakeMs": {"type":"number"},
        "partners": {"anyOf":[{"type":"null"},{"type":"array","items":{"type":"string"}}]},
        "requireEvidence": {"const":true},
        "requirePower": {"const":true},
        "metrics": {"type":"array","items":{"$ref":"#/$defs/MetricGate"}},
        "ramp": {"type":"array","items":{"$ref":"#/$defs/RampStep"}}
      }
    },
    "RosterStep": {
      "type": "object",
      "required": ["version","envelope"],
      "properties": {"version":{"type":"number"},"envelope":{"$ref":"#/$defs/Envelope"}}
    },
    "RunClock": {
      "type": "object",
      "required": ["bots","current","partners","told","toldInTime","acknowledged","seconds"],
      "properties": {
        "bots": {"type":"number"},
        "current": {"type":"number"},
        "partners": {"type":"number"},
        "told": {"type":"number"},
        "toldInTime": {"type":"number"},
        "acknowledged": {"type":"number"},
        "seconds": {
          "type": "object",
          "required": ["half","most","all","partners"],
          "properties": {
            "half": {"type":["null","number"]},
            "most": {"type":["null","number"]},
            "all": {"type":["null","number"]},
            "partners": {"type":["null","number"]}
          }
        },
        "effectiveAt": {"type":"string"}
      }
    },
    "RunDecision": {
      "type": "object",
      "required": ["id","decision","by","reason","at","outcome"],
      "properties": {
        "id": {"type":"string"},
        "decision": {"enum":["pause","resume","promote","extend","retry","abort","supersede"]},
        "by": {"type":"string"},
        "reason": {"type":"string"},
        "at": {"type":"string"},
        "outcome": {"enum":["pending","applied","late"]},
        "successor": {"type":"number"}
      }
    },
    "RunDossier": {
      "type": "object",
      "required": ["run","attempt","releases","live","used","plan","proofs"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "releases": {"type":"array","items":{"$ref":"#/$defs/CarriedRelease"}},
        "live": {"type":"object","additionalProperties":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/CarriedRelease"}]}},
        "liveSeqs": {"type":"object","additionalProperties":{"type":"number"}},
        "used": {"type":"object","additionalProperties":{"type":"array","items":{"$ref":"#/$defs/VersionRef"}}},
        "plan": {"$ref":"#/$defs/RolloutPlan"},
        "guard": {"type":"array","items":{"$ref":"#/$defs/CarriedRelease"}},
        "attestations": {"$ref":"#/$defs/StageAttestations"},
        "reasons": {"type":"array","items":{"$ref":"#/$defs/SigningReason"}},
        "proofs": {"type":"array","items":{"$ref":"#/$defs/SharedProof"}}
      }
    },
    "RunPolicy": {
      "type": "object",
      "required": ["id","version","digest"],
      "properties": {"id":{"type":"string"},"version":{"type":"string"},"digest":{"type":"string"}}
    },
    "RunStage": {
      "type": "object",
      "required": ["stage","verdict","detail","startedAt","endedAt"],
      "properties": {
        "stage": {"enum":["lint","simulate","canary","rollout","notify"]},
        "verdict": {"enum":["PENDING","RUNNING","PASS","FAIL","INCONCLUSIVE","SKIPPED"]},
        "detail": {"type":"string"},
        "label": {"type":"string"},
        "figures": {"$ref":"#/$defs/CanaryFigures"},
        "steps": {"type":"array","items":{"$ref":"#/$defs/PassedStep"}},
        "startedAt": {"type":["null","string"]},
        "endedAt": {"type":["null","string"]}
      }
    },
    "RunView": {
      "type": "object",
      "required": ["run","digest","state","attempt","policies","stages","decisions","createdAt","endedAt"],
      "properties": {
        "run": {"type":"number"},
        "digest": {"type":"string"},
        "state": {
          "enum": [
            "AWAITING_APPROVAL",
            "QUEUED",
            "LINTING",
            "SIMULATING",
            "WAITING",
            "CANARY",
            "ROLLING_OUT",
            "BAKING",
            "NOTIFYING",
            "PAUSED",
            "ROLLING_BACK",
            "SUCCEEDED",
            "FAILED",
            "ROLLED_BACK",
            "ABORTED",
            "SUPERSEDED",
            "STALE"
          ]
        },
        "reason": {"type":"string"},
        "detail": {"type":"string"},
        "supersededBy": {"type":"number"},
        "attempt": {"type":"number"},
        "policies": {"type":"array","items":{"$ref":"#/$defs/RunPolicy"}},
        "stages": {"type":"array","items":{"$ref":"#/$defs/RunStage"}},
        "decisions": {"type":"array","items":{"$ref":"#/$defs/RunDecision"}},
        "breakGlass": {"$ref":"#/$defs/BreakGlass"},
        "createdAt": {"type":"string"},
        "endedAt": {"type":["null","string"]},
        "clock": {"$ref":"#/$defs/RunClock"},
        "late": {"const":true},
        "kept": {"type":"array","items":{"$ref":"#/$defs/KeptPolicy"}},
        "replaced": {"type":"array","items":{"$ref":"#/$defs/ReplacedPolicy"}}
      }
    },
    "ScenarioLoad": {
      "type": "object",
      "required": ["scenario","days","regions","readings","before","after"],
      "properties": {
        "scenario": {"type":"string"},
        "days": {"type":"number"},
        "regions": {
          "type": "array",
          "items": {
            "type": "object",
            "required": ["region","readings","before","after"],
            "properties": {"region":{"type":"string"},"readings":{"type":"number"},"before":{"type":"number"},"after":{"type":"number"}}
          }
        },
        "readings": {"type":"number"},
        "before": {"type":"number"},
        "after": {"type":"number"}
      }
    },
    "ScenarioRule": {
      "type": "object",
      "required": ["id","policies","alert"],
      "properties": {
        "id": {"type":"string"},
        "policies": {"type":"array","items":{"type":"string"}},
        "alert": {"type":"string"},
        "beside": {"type":"object","additionalProperties":{"type":"object"}}
      }
    },
    "ScopeCoverage": {
      "type": "object",
      "required": ["scope","seq","release","expected","acknowledged","silent"],
      "properties": {
        "scope": {"type":"string"},
        "seq": {"type":"number"},
        "release": {"type":["null","string"]},
        "expected": {"type":"number"},
        "acknowledged": {"type":"number"},
        "silent": {"type":"array","items":{"type":"string"}},
        "joined": {"type":"array","items":{"type":"string"}},
        "control": {"type":"number"}
      }
    },
    "SharedProof": {"type":"object","required":["entry","proof"],"properties":{"entry":{"type":"string"},"proof":{"type":"string"}}},
    "SignedStatement": {
      "type": "object",
      "required": ["envelope"],
      "properties": {"envelope":{"$ref":"#/$defs/Envelope"},"body":{"type":"string"}}
    },
    "SigningReason": {"type":"object","required":["name","reason"],"properties":{"name":{"type":"string"},"reason":{"type":"string"}}},
    "StageAttestations": {
      "type": "object",
      "properties": {"lint":{"$ref":"#/$defs/Envelope"},"simulate":{"$ref":"#/$defs/Envelope"},"canary":{"$ref":"#/$defs/Envelope"}}
    },
    "StageFailure": {
      "type": "object",
      "required": ["run","attempt","reason","detail"],
      "properties": {
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "reason": {"type":"string"},
        "detail": {"type":"string"},
        "next": {"type":"array","items":{"type":"string"}},
        "kept": {"type":"array","items":{"$ref":"#/$defs/KeptPolicy"}},
        "attestation": {"$ref":"#/$defs/Envelope"}
      }
    },
    "Ticket": {
      "type": "object",
      "required": [
        "ticket",
        "run",
        "attempt",
        "digest",
        "policies",
        "kind",
        "state",
        "reason",
        "detail",
        "allowed",
        "openedAt",
        "expiresAt",
        "told",
        "decided",
        "closedAt"
      ],
      "properties": {
        "ticket": {"type":"number"},
        "run": {"type":"number"},
        "attempt": {"type":"number"},
        "digest": {"type":"string"},
        "policies": {"type":"array","items":{"$ref":"#/$defs/RunPolicy"}},
        "kind": {"enum":["INCONCLUSIVE","EMERGENCY_REVIEW","ACK_TIMEOUT","POISONED","UNDELIVERED","BREAK_GLASS_REVIEW"]},
        "state": {"enum":["OPEN","DECIDED","EXPIRED","MOOT"]},
        "reason": {"type":"string"},
        "detail": {"type":"string"},
        "allowed": {"type":"array","items":{"enum":["resume","promote","extend","retry","abort","accept"]}},
        "openedAt": {"type":"string"},
        "expiresAt": {"type":"string"},
        "told": {
          "type": "array",
          "items": {
            "type": "object",
            "required": ["to","at"],
            "properties": {"to":{"enum":["on-call","second","director"]},"at":{"type":"string"}}
          }
        },
        "decided": {"anyOf":[{"type":"null"},{"$ref":"#/$defs/TicketAnswer"}]},
        "unreached": {"type":"array","items":{"type":"string"}},
        "actors": {"type":"array","items":{"type":"string"}},
        "overdueAt": {"type":"string"},
        "closedAt": {"type":["null","string"]}
      }
    },
    "TicketAnswer": {
      "type": "object",
      "required": ["decision","by","reason","at"],
      "properties": {
        "decision": {"type":"string"},
        "by": {"type":"string"},
        "reason": {"type":"string"},
        "publicReason": {"type":"string"},
        "at": {"type":"string"},
        "statement": {"$ref":"#/$defs/Envelope"}
      }
    },
    "TokenRecord": {
      "type": "object",
      "required": ["id","hash","name","scopes","createdAt","createdBy","expiresAt","revokedAt","revokedBy"],
      "properties": {
        "id": {"type":"string"},
        "hash": {"type":"string"},
        "name": {"type":"string"},
        "scopes": {"type":"array","items":{"type":"string"}},
        "region": {"type":"string"},
        "createdAt": {"type":"string"},
        "createdBy": {"type":"string"},
        "expiresAt": {"type":"string"},
        "revokedAt": {"type":["null","string"]},
        "revokedBy": {"type":["null","string"]}
      }
    },
    "ToldPolicy": {
      "type": "object",
      "required": ["policy","version","digest"],
      "properties": {"policy":{"type":"string"},"version":{"type":"string"},"digest":{"type":"string"}}
    },
    "VersionRef": {"type":"object","required":["version","digest"],"properties":{"version":{"type":"string"},"digest":{"type":"string"}}},
    "WithdrawnPolicy": {
      "type": "object",
      "required": ["policy","from","seq","reason","by","statements"],
      "properties": {
        "policy": {"type":"string"},
        "from": {"$ref":"#/$defs/VersionRef"},
        "seq": {"type":"number"},
        "reason": {"type":"string"},
        "by": {"type":"array","items":{"type":"string"}},
        "statements": {"type":"array","items":{"$ref":"#/$defs/Envelope"}},
        "publicReason": {"type":"string"}
      }
    }
  }
}
