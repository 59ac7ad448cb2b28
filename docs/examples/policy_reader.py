"""Reads policies of HMS-SVC and believes only what verifies: people, services, the log, order and floors, as the SDK does.

`python3 policy_reader.py VECTORS` runs the vectors of docs/reference/reader-vectors and exits with 1 where an answer differs. It needs
`cryptography`, and nothing else."""
import base64, hashlib, json, pathlib, sys
from datetime import datetime
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PREFIX, TYPE, SPKI = 'https://hms-svc.dev/attestation/', 'application/vnd.in-toto+json', bytes.fromhex('302a300506032b6570032100')
FRESH_S, GRACE_S, AHEAD_S = 300, 20, 300
class Refused(Exception): """What was signed, or should have been, does not allow this. The message is the code."""
def time(text): return datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()
def sha(data): return hashlib.sha256(data).digest()
def canonical(value): return json.dumps(value, sort_keys=True, separators=(',', ':'), ensure_ascii=False).encode()
def unbase(text): return base64.b64decode(text, validate=True)
def verifies(raw, signature, message):
    try: return Ed25519PublicKey.from_public_bytes(raw).verify(signature, message) is None
    except InvalidSignature: return False

class Statement:
    """A DSSE envelope around an in-toto statement. Opening it verifies nothing: `signers` does."""
    def __init__(self, envelope, kind):
        payload = unbase(envelope['payload'])
        self.envelope, self.digest, statement = envelope, 'sha256:' + sha(payload).hex(), json.loads(payload)
        self.message = b'DSSEv1 %d %s %d %s' % (len(TYPE), TYPE.encode(), len(payload), payload)
        if envelope['payloadType'] != TYPE or statement['predicateType'] != f'{PREFIX}{kind}/v1': raise ValueError('another statement')
        self.predicate = statement['predicate']
    def signers(self, keys):
        """Ids of those of `keys` (id: raw key) that signed. A signature without an id, as cosign writes it, is tried with every key."""
        signed = [(each['keyid'], unbase(each['sig'])) for each in self.envelope['signatures']]
        return {keyid for keyid, raw in keys.items() for name, sig in signed if name in ('', keyid) and verifies(raw, sig, self.message)}

class Roster:
    """People, services, keys and roles: the root of trust."""
    def __init__(self, envelope):
        self.said = said = (statement := Statement(envelope, 'roster')).predicate
        self.version, self.expires, self.profile = said['version'], time(said['expires']), said['profile']
        self.statement, self.installation = statement, said.get('installation', statement.digest)
        self.revoked = {each['keyid']: time(each['since']) for each in said.get('revoked', [])}
        self.logs = [] if said.get('log') is None else [(said, float('inf'))] + [(log, time(log['until'])) for log in said.get('earlierLogs', [])]
    def keys(self, chosen, at=None):
        """Raw keys by id of the chosen principals: those valid at a time, or without one those never revoked."""
        def valid(key):
            if at is None: return key['keyid'] not in self.revoked
            return time(key.get('notBefore', '1970-01-01T00:00:00Z')) <= at < min(time(key.get('notAfter', '9999-01-01T00:00:00Z')), self.revoked.get(key['keyid'], float('inf')))
        keys = [key for id, principal in self.said['principals'].items() if chosen(id, principal) for key in principal['keys'] if valid(key)]
        return {key['keyid']: unbase(key['spki']).removeprefix(SPKI) for key in keys}
    def service(self, name):
        members = {id for role in self.said['roles'] if role['match'].get('service') == name for id in role['principals']}
        return self.keys(lambda id, principal: id in members)
    def people_of(self, keyids):
        return {id for id, principal in self.said['principals'].items() if any(key['keyid'] in keyids for key in principal['keys'])}
    def require_signed_by(self, authority):
        """Enough people of `authority` signed this roster."""
        root = next((role for role in authority.said['roles'] if role['match'].get('root')), None)
        needed = root['threshold'] if root else max(role['threshold'] for role in authority.said['roles'])
        keys = authority.keys(lambda id, principal: principal['kind'] == 'person' and (root is None or id in root['principals']))
        if len(authority.people_of(self.statement.signers(keys))) < needed: raise Refused('HMS_ROSTER_THRESHOLD')
    def followed_by(self, envelope):
        after = Roster(envelope)
        checks = {'VERSION': after.version == self.version + 1, 'PROFILE': after.profile == self.profile,
                  'INSTALLATION': after.said.get('installation', self.installation) == self.installation,
                  'INVALID': all(after.revoked.get(key, float('inf')) <= since for key, since in self.revoked.items())}
        for name in (name for name, holds in checks.items() if not holds): raise Refused(f'HMS_ROSTER_{name}')
        for authority in (self, after): after.require_signed_by(authority)
        after.installation = self.installation
        return after
    def witnessed(self, proof, release):
        """When enough witnesses had seen the approval of this release in the log."""
        for log, until in self.logs:
            at, entry, policy, member = check_proof(proof, log), json.loads(proof['entry']), release.predicate['policy'], proof['member']
            leaf = canonical({'digest': release.digest, 'id': policy['id'], 'version': policy['version']})
            if at is None or at >= until or entry['type'] != 'hms.approval.approved.v1': continue
            if leads(leaf, member['index'], entry['releases']['size'], member['path'], entry['releases']['root']): return at
        raise Refused('HMS_HEAD_NOT_LOGGED')
    def require_approved(self, release, at):
        """Enough people of the role for this policy signed. The SDK also goes by `earlierRoles`; this reader refuses what needs them."""
        said, policy, roles, rules = release.predicate, release.predicate['policy'], self.said['roles'], self.said
        tags = policy.get('tags', []) + said.get('droppedTags', [])
        def fits(match): return bool({'idPrefix', 'tag'} & set(match)) and policy['id'].startswith(match.get('idPrefix', '')) and ('tag' not in match or match['tag'] in tags)
        special = [role for role in roles if fits(role['match'])] or [role for role in roles if role['match'].get('all')]
        if not special: raise Refused('HMS_HEAD_NOT_APPROVED')
        role = min(special, key=lambda role: (-role['threshold'], len(role['principals']), role['name']))
        needed = max(role['threshold'], 2 if 'breakGlass' in said else 1)
        people = self.people_of(release.signers(self.keys(lambda id, principal: principal['kind'] == 'person', at)))
        authors = {id for id, principal in self.said['principals'].items() if principal['kind'] == 'person' and said['author'] in (id, principal['name'])}
        alone = needed == 1 and (role.get('soleOfficial') or rules.get('soleOfficial'))
        counted = {id for id in people if id in role['principals'] and (alone or id not in authors)}
        production = self.profile == 'production'
        for bounds in (rules.get('bounds'), role.get('bounds')): require_bounds(bounds or {}, said['plan'])
        must_sign = rules.get('authorSigns', production) and (production or authors)
        if len(counted) < needed or production and not authors or must_sign and not authors & people: raise Refused('HMS_HEAD_NOT_APPROVED')

def require_bounds(bounds, plan):
    shares = [plan['share']] + [step['share'] for step in plan.get('ramp', [])]
    for name, bound in bounds.items():
        held = {'minObserveMs': plan['observeMs'] >= bound, 'minBakeMs': plan['bakeMs'] >= bound, 'maxShare': max(shares) <= bound,
                'requireEvidence': not bound or plan.get('requireEvidence'), 'requirePower': not bound or plan.get('requirePower')}
        if not held.get(name): raise Refused('HMS_HEAD_PLAN_BOUNDS')
def leads(leaf, index, size, path, root):
    """Whether the path leads from the leaf to the root (RFC 9162, 2.1.3.2)."""
    at, last, value = index, size - 1, sha(b'\0' + leaf)
    if not 0 <= index < size: return False
    for sibling in map(unbase, path):
        if last == 0: return False
        right = at % 2 == 1 or at == last
        value = sha(b'\1' + (sibling + value if right else value + sibling))
        while right and at % 2 == 0 and at != 0: at, last = at // 2, last // 2
        at, last = at // 2, last // 2
    return last == 0 and value == unbase(root)

def check_proof(proof, log):
    """The time of the quorum's last witness in a C2SP tlog-proof of the entry; None where it does not verify."""
    head, _, note = proof['proof'].partition('\n\n')
    body, _, signatures = note.rpartition('\n\n')
    (magic, place, *path), (origin, size, root) = head.split('\n'), body.split('\n')
    lines, key = dict(line.split(' ')[1:] for line in signatures.splitlines()), lambda vkey: vkey.split('+', 2)
    def signed(vkey, stamped):
        """The time of a witness, or 1 for the log; None where the signature is missing or false."""
        (name, id, raw), sig = key(vkey), unbase(lines.get(key(vkey)[0], ''))
        stamp = int.from_bytes(sig[4:12], 'big') if stamped else 1
        said = f'cosignature/v1\ntime {stamp}\n{body}\n' if stamped else body + '\n'
        return stamp if sig[:4].hex() == id and verifies(unbase(raw)[1:], sig[12 if stamped else 4:], said.encode()) else None
    times = sorted(filter(None, (signed(vkey, True) for vkey in log['witnesses'])))
    if magic != 'c2sp.org/tlog-proof@v1' or origin != key(log['log'])[0] or not signed(log['log'], False): return None
    if not leads(proof['entry'].encode(), int(place.removeprefix('index ')), int(size), path, root): return None
    return times[log['quorum'] - 1] if 1 <= log['quorum'] <= len(times) else None
def bucket(text):
    """murmur3 (32 bits, seed 0) of UTF-8, as 0..9999."""
    data, h = text.encode(), 0
    def mixed(k): k = k * 0xcc9e2d51 & 0xffffffff; return (k << 15 | k >> 17) * 0x1b873593 & 0xffffffff
    for at in range(0, len(data) & ~3, 4):
        h ^= mixed(int.from_bytes(data[at:at + 4], 'little'))
        h = ((h << 13 | h >> 19) & 0xffffffff) * 5 + 0xe6546b64 & 0xffffffff
    h ^= mixed(int.from_bytes(data[len(data) & ~3:], 'little')) ^ len(data)
    for shift, factor in ((16, 0x85ebca6b), (13, 0xc2b2ae35), (16, 1)): h = (h ^ h >> shift) * factor & 0xffffffff
    return h * 10_000 >> 32

class Reader:
    """What one reader holds and believes. Keep `floors`, `seen` and the rosters on disk: they must survive a restart."""
    def __init__(self, roster, bot=None, region=None):
        self.roster, self.bot, self.region = Roster(roster), bot, region
        self.roster.require_signed_by(self.roster)
        self.held, self.seen, self.floors, self.ahead = {}, {}, {}, False
        self.statement = self.contact = self.mixed = None
    def take_roster(self, envelope): self.roster = self.roster.followed_by(envelope)
    def take_freshness(self, envelope, now):
        said = (statement := Statement(envelope, 'freshness')).predicate
        if not statement.signers(self.roster.service('rollout')): raise Refused('HMS_FRESHNESS_INVALID')
        self.ahead = time(said['issuedAt']) > now + AHEAD_S or time(said['expires']) > now + AHEAD_S + FRESH_S
        if self.ahead: raise Refused('HMS_FRESHNESS_AHEAD')
        if self.statement is None or time(said['issuedAt']) > time(self.statement['issuedAt']): self.statement = said
    def take(self, document, now):
        head, releases = check_document(document, self.roster)
        key, (current, after) = (head['policy'], head['scope']), releases
        if current and not time(current.predicate['policy']['effective']) <= now: raise Refused('HMS_RELEASE_NOT_EFFECTIVE')
        if head['seq'] < self.seen.get(key, 0): raise Refused('HMS_HEAD_REPLAYED')
        for release in [None if after and time(head['next']['at']) <= now else current, after]:
            if release: self.admit(release, head)
        if head['seq'] > self.seen.get(key, -1): self.held[key] = head, current, after
        self.seen[key] = head['seq']
    def admit(self, release, head):
        said, policy, stable = release.predicate, release.predicate['policy']['id'], head['scope'] == 'global'
        floors = [self.floors[key] for key in ([policy] if stable else [policy, (policy, head['scope'])]) if key in self.floors]
        floor = max(floors, key=lambda each: each['epoch'], default=None)
        tags = set(release.predicate['policy'].get('tags', [])) | set(said.get('droppedTags', []))
        if floor is None or said['releaseEpoch'] > floor['epoch'] or release.digest == floor['digest']:
            if self.floors.get(policy, {}).get('tags', set()) - tags: raise Refused('HMS_RELEASE_TAG_DROPPED')
            governing = {role['match']['tag'] for role in self.roster.said['roles'] if 'tag' in role['match']}
            self.floors[policy if stable else (policy, head['scope'])] = {
                'epoch': said['releaseEpoch'], 'digest': release.digest, 'fallbacks': [each['digest'] for each in said['fallbacks']], 'tags': tags & governing if stable else set()}
        elif release.digest not in floor['fallbacks']: raise Refused('HMS_RELEASE_BELOW_FLOOR')
    def in_force(self, now):
        found = {}
        for policy in sorted({policy for policy, _ in self.held}):
            present = {scope: as_of(*held, now) for (id, scope), held in self.held.items() if id == policy}
            stable = present.pop('global', ({'current': None}, None))
            covering = [each for each in present.values() if self.covers(*each, stable[0], now)]
            release = max(covering, key=lambda each: each[0]['seq'], default=stable)[1]
            if release: found[policy] = release.predicate['policy']
        return found
    def covers(self, head, release, stable, now):
        if self.bot is None or release is None or head['current'] == head.get('base') or head.get('base') != stable['current']: return False
        if stable.get('sinceSeq', 0) > head.get('baseSeq', float('inf')) or 'expires' in head and time(head['expires']) <= now: return False
        return head['scope'] in ('region:*', f'region:{self.region}') and bucket(head.get('salt', '') + head.get('cohortKey', head['policy']) + self.bot) < head.get('share', 0)
    def doubt(self, now):
        """Why this may not be the newest; None where rollout's statement confirms it."""
        self.contact = now if self.contact is None else self.contact
        if now >= self.roster.expires: return 'HMS_ROSTER_EXPIRED'
        if self.statement is None: return 'HMS_FRESHNESS_AHEAD' if self.ahead else 'HMS_FRESHNESS_MISSING' if now - self.contact > FRESH_S else None
        if now >= time(self.statement['expires']): return 'HMS_FRESHNESS_AHEAD' if self.ahead else 'HMS_FRESHNESS_EXPIRED'
        heads = sorted([head['policy'], head['seq'], head['current']] for (_, scope), (head, *_) in self.held.items() if scope == 'global')
        if 'sha256:' + sha(canonical(heads)).hex() == self.statement['stable']: self.mixed = None
        elif self.mixed is None: self.mixed = now
        return 'HMS_FRESHNESS_MIXED' if self.mixed is not None and now - self.mixed > GRACE_S else None

def check_document(document, roster):
    """The head and its releases, now and next, each signed, in the log and approved."""
    head = Statement(document['head'], 'head')
    said, keys = head.predicate, roster.service('rollout' if head.predicate['scope'] == 'global' else 'canary-controller')
    if not {each['keyid'] for each in document['head']['signatures']} & set(keys): raise Refused('HMS_HEAD_SIGNER')
    if not head.signers(keys): raise Refused('HMS_HEAD_SIGNATURE')
    after, current, held, releases = said.get('next'), said['current'], document.get('next') or {}, []
    for named, envelope, proof in ((current, document['release'], document['proof']), (after and after['release'], held.get('release'), held.get('proof'))):
        if named is None: releases.append(None); continue
        if envelope is None: raise Refused('HMS_HEAD_RELEASE_MISSING')
        release = Statement(envelope, 'release')
        policy, scopes, plan = release.predicate['policy'], release.predicate['scopes'], release.predicate['plan']
        if release.digest != named or policy['id'] != said['policy']: raise Refused('HMS_HEAD_RELEASE_OTHER')
        canary = [plan['scope'], 'global'] + [step['scope'] for step in plan.get('ramp', [])]
        if not {'global', said['scope']} & set(scopes) or said['scope'] not in canary and named != said.get('base'): raise Refused('HMS_HEAD_SCOPE')
        ended = said['scope'] != 'global' and current == said.get('base') and not after
        if roster.logs and proof is None and not ended: raise Refused('HMS_HEAD_NOT_LOGGED')
        if not ended: roster.require_approved(release, roster.witnessed(proof, release) if roster.logs else time(release.predicate['preparedAt']))
        releases.append(release)
    if after and time(after['at']) != time(releases[1].predicate['policy']['effective']): raise Refused('HMS_HEAD_NEXT_TIME')
    stated = {'policy': document['id'], 'scope': document['scope'], 'seq': document['seq'], 'current': document['digest']}
    if any(said[name] != value for name, value in stated.items()): raise Refused('HMS_HEAD_MALFORMED')
    return said, releases

def as_of(head, current, after, now):
    """Head and release, once the time of the next one has come too."""
    if not after or time(head['next']['at']) > now: return head, current
    return {**head, 'current': head['next']['release'], 'sinceSeq': head['next'].get('sinceSeq', 0)}, after
def session(vector):
    """What this reader makes of each step of a vector."""
    reader = Reader(vector['roster'], **vector['reader'])
    for step in vector['steps']:
        now, refused = time(step['at']), []
        arrived = [('', reader.take_roster, [roster]) for roster in step.get('rosters', [])]
        arrived += [('', reader.take_freshness, [step['freshness'], now])] if 'freshness' in step else []
        arrived += [(f"{each['id']}@{each['scope']} ", reader.take, [each, now]) for each in step.get('documents', [])]
        for name, take, given in arrived:
            try: take(*given)
            except Refused as error: refused.append(name + str(error))
        values = {id: {'version': policy['version'], 'limit': policy['limit']} for id, policy in reader.in_force(now).items()}
        yield {'roster': reader.roster.version, 'refused': refused, 'values': values, 'doubt': reader.doubt(now)}

def run(folder):
    index, failed = json.loads((folder / 'index.json').read_text())['files'], []
    for name, digest in index.items():
        vector = json.loads(text := (folder / name).read_bytes())
        try: right = 'bundle' in vector or list(session(vector)) == [step['expect'] for step in vector.get('steps', [])]
        except Exception as error: right = print(name, repr(error))  # an altered vector need not be readable
        if not right or 'sha256:' + sha(text).hex() != digest: failed.append(name)
    print(f'{len(index) - len(failed)} of {len(index)} vectors (of bundles the sums alone)', *failed)
    return 1 if failed or not index else 0

if __name__ == '__main__': sys.exit(run(pathlib.Path(sys.argv[1])))
