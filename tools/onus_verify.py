#!/usr/bin/env python3
"""Verifies an Onus ledger a second time, independently of the program that wrote it.

Written from FORMAT.md, KEY_ROTATION.md, C2SP (notes, checkpoints, tiles), RFC 6962, 8032 and 8785 alone, with nothing but the standard
library, to be read from top to bottom by somebody who trusts nobody. "Section" and "item" (of section 6) are FORMAT.md's.
It checks what `onus verify` checks without `--deep`: that entries have the one form and their own place, that each links to the one before,
that payloads open against their commitments, that documents, tiles, checkpoints, head and row counts are those of the entries, that what was
kept elsewhere is extended, and whose key signed. It does NOT check findings, derived tables, deduplication keys, the search index
(`onus verify --deep` does), signatures of reporters (section 8) and witnesses (item 7), and what an erasure left (section 7). So no ledger is
called more than "partly" verified. Exit code 1: something is false; 2: nothing is false, but not everything was checked; 0 is never given.
    python3 onus_verify.py --data DIR [--vkey VKEY] [--checkpoint FILE]... [--high-water FILE] [--json]
    python3 onus_verify.py --batch     one JSON request a line on stdin: {"data":…, "vkey":…?, "checkpoints":[…]?, "high_water":…?}
"""
import argparse, base64, calendar, contextlib, decimal, functools, hashlib, json, pathlib, re, sqlite3, sys
CHECKS = "entries links commitments payloads documents tiles checkpoints head rows given_checkpoints high_water keys".split()
DEEP = "file findings changed_assessments derived_tables event_keys search_index".split()
class Refused(ValueError): """Something is not what the format says it must be."""
def refuse_if(is_wrong, reason):
    if is_wrong:
        raise Refused(reason)
# ---- Encodings -----------------------------------------------------------------------------------------------------------------------
def sha256(data):
    return hashlib.sha256(data).digest()
def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
def base64_decoded(text):
    """RFC 4648 section 4, strictly: padded, no other characters, no trailing bits."""
    raw = base64.b64decode(text, validate=True)
    refuse_if(base64.b64encode(raw).decode() != text, "base64 is not in its one form")
    return raw
def base64url_decoded(text):
    """RFC 4648 section 5 without padding, as strictly."""
    refuse_if(re.search("[+/=]", text), "not base64url")
    return base64_decoded(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))
# ---- Section 3: I-JSON, and JCS (RFC 8785) -------------------------------------------------------------------------------------------
MAX_INTEGER = 2**53 - 1
quoted = json.JSONEncoder(ensure_ascii=False).encode  # of a string: it escapes exactly what RFC 8785 escapes; of null, true, false
def object_without_surprises(pairs):
    members = dict(pairs)
    refuse_if(len(members) != len(pairs), "a name stands twice in one object")
    refuse_if(not members.keys().isdisjoint(("_sd", "_sd_alg", "...")), "a name is reserved")
    return members
def exact_number(text):
    """Accepted if its JCS form denotes the same decimal number and it lies within ±(2^53−1), beyond which every number is integral."""
    number = float(text)
    try:
        refuse_if(not abs(number) <= MAX_INTEGER or decimal.Decimal(text) != decimal.Decimal(jcs_number(number)), "a number cannot be kept exactly")
    except ArithmeticError:
        raise Refused("a number has an absurd exponent") from None
    return number
def strict_json(text):
    return json.loads(text, object_pairs_hook=object_without_surprises, parse_int=exact_number, parse_float=exact_number, parse_constant=exact_number)
def jcs_number(number):
    """ECMAScript's Number::toString. Python's repr gives the same shortest digits; only their layout differs."""
    if abs(number) <= MAX_INTEGER and number == number // 1:
        return str(int(number))
    sign, digits, exponent = decimal.Decimal(repr(number)).normalize().as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + exponent  # the value is 0.text × 10^point
    if 0 < point <= 21:
        text = text[:point] + "." + text[point:] if len(text) > point else text.ljust(point, "0")
    elif -6 < point <= 0:
        text = "0." + "0" * -point + text
    else:
        text = text[0] + ("." + text[1:] if len(text) > 1 else "") + "e%+d" % (point - 1)
    return "-" + text if sign else text
def jcs(value, depth):
    """`depth`: how many objects and arrays stand around it."""
    if isinstance(value, float):
        return jcs_number(value)
    if not isinstance(value, (list, dict)):
        return quoted(value)
    refuse_if(depth >= 32, "nested deeper than 32")
    if isinstance(value, list):
        return "[" + ",".join([jcs(item, depth + 1) for item in value]) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join([quoted(name) + ":" + jcs(value[name], depth + 1) for name in names]) + "}"
# ---- Ed25519 (RFC 8032), verification alone, strict: canonical points and S, no points of small order, no cofactor ---------------------
P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, SQRT_MINUS_1 = -121665 * pow(121666, P - 2, P) % P, pow(2, (P - 1) // 4, P)
BASE = (4 * pow(5, P - 2, P) % P).to_bytes(32, "little")
def point_sum(p, q):
    """Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    return (b - a) * (d - c) % P, (d + c) * (b + a) % P, (d - c) * (d + c) % P, (b - a) * (b + a) % P
def point_equal(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0
@functools.lru_cache(maxsize=256)
def point_and_doublings(raw):
    """The point that 32 bytes encode (section 5.1.3 of the RFC), and its multiples by 2, 4, 8, …"""
    sign, y = divmod(int.from_bytes(raw, "little"), 2**255)
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    x = x * SQRT_MINUS_1 % P if (v * x * x + u) % P == 0 else x
    refuse_if(y >= P or (v * x * x - u) % P or (x == 0 and sign), "bytes are no canonical point")
    x = P - x if x & 1 != sign else x
    points = [(x, y, 1, x * y % P)]
    while len(points) < 256:
        points.append(point_sum(points[-1], points[-1]))
    refuse_if(point_equal(points[3], (0, 1, 1, 0)), "a point is of small order")
    return points
def point_multiple(scalar, raw):
    total = (0, 1, 1, 0)
    for place, point in enumerate(point_and_doublings(raw)):
        total = point_sum(total, point) if scalar >> place & 1 else total
    return total
@functools.lru_cache(maxsize=65536)
def ed25519_verifies(key, message, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % ORDER
    try:
        return len(signature) == 64 and s < ORDER and point_equal(
            point_multiple(s, BASE), point_sum(point_multiple(1, r), point_multiple(k, key)))
    except Refused:
        return False
# ---- C2SP: verifier keys, signed notes, checkpoints ----------------------------------------------------------------------------------
def vkey_parts(vkey):
    """`name+id+key` → (name, 4 bytes of id, 32 bytes of key)."""
    match = re.fullmatch(r"([^\s+]+)\+([0-9a-f]{8})\+(.+)", vkey)
    refuse_if(match is None, "a verifier key is `name+id+key`")
    name, key_id, key = match[1], bytes.fromhex(match[2]), base64_decoded(match[3])
    refuse_if(len(key) != 33 or key[0] != 1, "the key is not an Ed25519 key")
    refuse_if(sha256(name.encode() + b"\n" + key)[:4] != key_id, "the key's id is not that of its name and key")
    return name, key_id, key[1:]
def checkpoint_parts(note, origin, vkeys):
    """A checkpoint of that origin that known keys have signed → (size, root, vkeys that signed). Raises what is wrong with it."""
    text, blank, signatures = note.rpartition("\n\n")
    text += "\n"
    refuse_if(len(note) > 1_000_000 or re.search("[\x00-\x09\x0b-\x1f]", note), "a note is short and without control characters")
    refuse_if(not blank or re.fullmatch(r"(— [^\s+]+ \S+\n){1,100}", signatures) is None, "a note is a text, a blank line and signatures")
    found = [(name, base64_decoded(blob)) for _, name, blob in map(str.split, signatures[:-1].split("\n"))]
    refuse_if(any(len(blob) < 5 for _, blob in found), "a signature is too short")
    match = re.fullmatch(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([^\n]{43}=)\n([^\n]+\n)*", text)
    refuse_if(match is None or int(match[2]) >= 2**63, "a checkpoint is an origin, a size, a root hash and extensions")
    refuse_if(match[1] != origin, "the checkpoint is of %s, not of %s" % (match[1], origin))
    root, signers = base64_decoded(match[3]), set()
    for vkey in vkeys:
        name, key_id, key = vkey_parts(vkey)
        for signature in [blob[4:] for signer, blob in found if (signer, blob[:4]) == (name, key_id)][:1]:  # repetitions count for nothing
            refuse_if(not ed25519_verifies(key, text.encode(), signature), "the signature by %s is wrong" % name)
            signers.add(vkey)
    refuse_if(not signers, "no known key has signed")
    return int(match[2]), root, signers
# ---- Section 2: chain and tree (RFC 6962) --------------------------------------------------------------------------------------------
def leaf_hash(entry_bytes):
    return sha256(b"\x00" + entry_bytes)
def roots(leaves, sizes):
    """{size: root over so many leaves}, for each of the sizes that there are leaves for."""
    found, wanted, peaks = {0: sha256(b"")}, set(sizes), []  # peaks: (number of leaves, root) of complete subtrees, largest first
    for size, leaf in enumerate(leaves, 1):
        peaks.append((1, leaf))
        while len(peaks) > 1 and peaks[-1][0] == peaks[-2][0]:
            (count, left), (_, right) = peaks[-2:]
            peaks[-2:] = [(2 * count, sha256(b"\x01" + left + right))]
        if size in wanted:
            found[size] = functools.reduce(lambda right, left: sha256(b"\x01" + left + right), [root for _, root in reversed(peaks)])
    return found
def full_tiles(leaves):
    """C2SP tlog-tiles: {(level, tile index): 256 hashes} of all full tiles."""
    tiles, level = {}, 0
    while len(leaves) >= 256:
        blocks = [leaves[at:at + 256] for at in range(0, len(leaves) - 255, 256)]
        tiles.update({(level, index): block for index, block in enumerate(blocks)})
        leaves, level = [roots(block, [256])[256] for block in blocks], level + 1
    return tiles
# ---- Section 1: entry bytes ----------------------------------------------------------------------------------------------------------
HASH, ORIGIN = "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", "[a-z0-9][a-z0-9._/:-]{0,127}"
TIME = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
ENTRY = re.compile((
    r'\{("about":(?P<about>N),)?("findings":\[(?P<findings>(C(,C)*)?)\],)?"index":(?P<index>N),"log":"(?P<log>ORIGIN)",'
    r'"payload":"(?P<payload>HASH)","prev":"(?P<prev>HASH)","recorded_at":"(?P<at>TIME)",("rules":(?P<rules>N),)?'
    r'"type":"(?P<type>[a-z][a-z_]*(\.[a-z][a-z_]*)+)","v":1\}').replace("C", '"[a-z][a-z0-9_]{0,47}"').replace(">N)", ">0|[1-9][0-9]{0,15})")
    .replace("HASH", HASH).replace("ORIGIN", ORIGIN).replace("TIME", TIME))
def is_time(text):
    return re.fullmatch(TIME, text) is not None and int(text[8:10]) <= calendar.monthrange(int(text[:4]), int(text[5:7]))[1]
def header_parts(raw):
    """Entry bytes → their members, by name. Raises what is wrong with their form (item 1)."""
    header = ENTRY.fullmatch(raw.decode("ascii")) if len(raw) <= 4096 and raw.isascii() else None
    refuse_if(header is None or not is_time(header["at"]) or len(header["type"]) > 64, "its bytes are not an entry")
    refuse_if(any(int(header[name] or 0) > MAX_INTEGER for name in ("about", "index", "rules")), "a number is beyond 2^53−1")
    refuse_if(header["index"] == "0" and header["prev"] != 43 * "A", "entry 0 follows none")
    refuse_if((header["findings"] is None) != (header["rules"] is None), "findings and rules stand together or not at all")
    codes = header["findings"].split(",") if header["findings"] else []
    refuse_if(codes != sorted(set(codes)) or len(codes) > 32, "findings are not ascending, distinct and at most 32")
    is_about_another = header["about"] is not None and header["type"] not in ("payload.erased", "assessment.changed")
    refuse_if(is_about_another or int(header["about"] or -1) >= int(header["index"]), "it is about none, or about an earlier entry")
    return header
# ---- Sections 3 to 5: members, salts, commitment -------------------------------------------------------------------------------------
def salt(seed, name):
    return base64url(sha256(seed + name.encode())[:16])
def digest(salt_text, name, value_jcs):
    return base64url(sha256(base64url(('["%s","%s",%s]' % (salt_text, name, value_jcs)).encode()).encode()))
def commitment(digests, names):
    manifest = '{"_sd":["%s"],"_sd_alg":"sha-256","members":["%s"]}' % ('","'.join(sorted(digests)), '","'.join(sorted(names)))
    return base64url(sha256(manifest.encode()))
def opened(seed, text, payload_hash):
    """The members of a payload, if they and their seed make the commitment in the entry's header (item 5). Raises why not."""
    refuse_if(text is None, "its payload is lost")
    members = strict_json(text)
    refuse_if(not isinstance(members, dict) or not 1 <= len(members) <= 4096, "its payload is not an object of 1 to 4096 members")
    for name in members:
        refuse_if(re.fullmatch("(?:/[a-z0-9_]{1,64}){1,8}", name) is None, "a member's name is not one")
        refuse_if(any(name[:slash.start()] in members for slash in re.finditer("/", name)), "a member lies within another")
    values = {name: jcs(value, 1) for name, value in members.items()}
    refuse_if(text != "{" + ",".join(['"%s":%s' % (name, values[name]) for name in sorted(values)]) + "}", "its payload is not canonical")
    digests = [digest(salt(seed, name), name, value) for name, value in values.items()]
    refuse_if(len(seed) != 32 or commitment(digests, values) != payload_hash, "its payload does not match the commitment in its header")
    return members
def named_documents(members):
    """[(hash, length)] of the contents beside a trigger or an element of context, whether that was cut or stays whole (section 3)."""
    found = []
    for name, value in members.items():
        if re.fullmatch("/(trigger|context/[0-9]+)(/content_sha256)?", name):
            group = value if isinstance(value, dict) else {"content_sha256": value, "content_bytes": members.get(name.replace("_sha256", "_bytes"))}
            if re.fullmatch("[0-9a-f]{64}", str(group.get("content_sha256"))):
                found.append((group["content_sha256"], group.get("content_bytes")))
    return found
# ---- Section 10 and KEY_ROTATION.md --------------------------------------------------------------------------------------------------
def followed_key(members, keys, origin):
    """The key that a `key.rotated` puts after the last of `keys`. Raises why it is not followed."""
    texts = [members.get(name) for name in ("/old_log_key", "/log_key", "/reason", "/overlap_until", "/signed_by_old", "/signed_by_new")]
    refuse_if(not all(isinstance(text, str) for text in texts), "a member is missing")
    old, new, reason, until, by_old, by_new = texts
    refuse_if(old != keys[-1] or vkey_parts(new)[0] != origin, "it does not lead from the present key to one of this ledger")
    refuse_if(vkey_parts(new)[2] in [vkey_parts(key)[2] for key in keys], "its key was in force before")
    refuse_if(not 1 <= len(reason.encode()) <= 8192 or not is_time(until), "reason or overlap_until are not in form")
    said = ("onus key rotation v1\n%s\n%s\n" % (old, new)).encode()
    for vkey, signature in ((old, by_old), (new, by_new)):
        refuse_if(not ed25519_verifies(vkey_parts(vkey)[2], said, base64url_decoded(signature)), "a signature is wrong")
    return new
# ---- Section 6: verification ---------------------------------------------------------------------------------------------------------
class Verification:
    """One verification of ledger 1 of a file. A check has passed until something is said against it."""
    def __init__(self, database, vkey, given, mark):
        self.database, self.vkey, self.given, self.mark = database, vkey, given, mark
        self.checks = {name: {"name": name, "outcome": "passed", "entry": None, "reason": ""} for name in CHECKS}
        self.checks.update({name: {"name": name, "outcome": "not_run", "entry": None, "reason": "only --deep looks at it"} for name in DEEP})
        self.leaves, self.said = [], []  # of the entries before the first gap: hash, and (prev, time) as far as they can be read
        self.documents, self.genesis, self.rotations = {}, None, []  # documents: hash → (first entry that names it, length)
    def fail(self, name, reason, entry=None):
        """Something is false. Of several faults a check keeps the one at the lowest entry."""
        check = self.checks[name]
        if check["outcome"] != "failed" or (entry is not None and (check["entry"] is None or entry < check["entry"])):
            reason = reason.encode("utf-8", "replace").decode()  # it may quote what is no UTF-8
            check.update(outcome="failed", entry=entry, reason=reason if entry is None else "entry %d: %s" % (entry, reason))
    def partly(self, name, reason, outcome="partly"):
        """Something could not be looked at."""
        if self.checks[name]["outcome"] == "passed":
            self.checks[name].update(outcome=outcome, reason=reason)
    def rows(self, statement, *types):
        """Rows whose columns are of the types that the tables declare: an altered file may hold anything."""
        for row in self.database.execute(statement):
            if not all(map(isinstance, row, types)):
                raise sqlite3.DatabaseError("a column holds another type than it should")
            yield row
    def count(self, table):
        return self.database.execute("SELECT count(*) FROM " + table).fetchone()[0]
    def run(self):
        """The checks; none if there is nothing to verify."""
        head = next(self.rows("SELECT origin, tree_size, head_leaf_hash FROM ledgers WHERE ledger = 1", str, int, bytes), None)
        self.own_origin, self.size, self.head_hash = head or ("", -1, b"")
        self.outside = self.high_water_mark()
        is_expected = self.given or any(size > 0 for _, size, _ in self.outside) or any(map(self.count, "entries payloads tiles checkpoints documents".split()))
        if self.size == (-1 if head is None else 0) and not is_expected:
            return {}
        self.origin = self.own_origin if self.vkey is None else vkey_parts(self.vkey)[0]
        if not 0 <= self.size <= MAX_INTEGER or re.fullmatch(ORIGIN, self.origin) is None:
            self.checks = {name: dict(check, outcome="not_run", entry=None, reason="no head to go by") for name, check in self.checks.items()}
            return self.fail("head", "there is none, or it holds no size or no name of a ledger") or self.checks
        self.check_entries(), self.check_keys(), self.check_documents(), self.check_tiles(), self.check_head_and_rows(), self.check_checkpoints()
        return self.checks
    def check_entries(self):
        """Items 1, 2, 4 and 5: entry by entry, with its payload."""
        expected, before, latest, seen, erased, seedless = 0, bytes(32), "", {}, set(), []
        for index, raw, seed, text, sealed in self.rows(
                "SELECT e.leaf_index, e.bytes, p.seed, p.members, p.sealed FROM entries e LEFT JOIN payloads p ON p.ledger = 1 AND p.leaf_index"
                " = e.leaf_index WHERE e.ledger = 1 AND e.leaf_index BETWEEN 0 AND %d ORDER BY e.leaf_index" % (self.size - 1),
                int, bytes, (bytes, type(None)), (str, type(None)), (str, type(None))):
            if index != expected:
                self.spoil("entries", min(index, expected), "it is missing, or stands twice")
                before = None
            header = None
            try:
                header = header_parts(raw)
                self.check_header(index, header, before, latest, seen)
                latest = header["at"]
                erased |= {header["about"]} if header["type"] == "payload.erased" else set()
                if text is not None and seed is None:
                    seedless.append(index)
                else:
                    refuse_if(sealed is not None, "it has a seed and is sealed")
                    self.use_members(index, header["type"], opened(seed, text, header["payload"]))
            except (ValueError, RecursionError) as why:  # also JSONDecodeError, and what a lone surrogate causes
                self.spoil("payloads" if header else "entries", index, str(why))
                if header is None and (text is None or len(seed or bytes(32)) != 32 or re.search("[\ud800-\udfff]", text + (sealed or ""))):
                    self.spoil("payloads", index, "its payload is lost, or cannot be one")
            before, expected = leaf_hash(raw), index + 1
            if len(self.leaves) == index:
                self.leaves.append(before)
                self.said.append((base64url_decoded(header["prev"]), header["at"]) if header else (None, "~"))
        if expected < self.size:
            self.spoil("entries", expected, "it is missing")
        self.last = before if expected == self.size > 0 else None
        for index in seedless:
            if str(index) not in erased:
                self.fail("payloads", "its seed is lost and no erasure says why", index)
            self.partly("payloads", "members of entry %d were erased" % index), self.partly("documents", "nor is it known what they named")
    def spoil(self, name, index, reason):
        """What is wrong with an entry or its payload leaves other checks incomplete."""
        self.fail(name, reason, index)
        for other in ("documents",) if name == "payloads" else ("links", "commitments", "payloads", "documents"):
            self.partly(other, "entry %d or its payload cannot be read" % index)
    def check_header(self, index, header, before, latest, seen):
        if int(header["index"]) != index or header["log"] != self.origin:
            self.fail("entries", "it says that it is entry %s of %s" % (header["index"], header["log"]), index)
        if before is not None and header["prev"] != base64url(before):
            self.fail("links", "it does not link to the entry before it as that is now", index)
        if header["at"] < latest:
            self.fail("links", "it was recorded earlier than the entry before it", index)
        if seen.setdefault(header["payload"], index) != index:
            self.fail("commitments", "it has the payload commitment of entry %d" % seen[header["payload"]], index)
    def use_members(self, index, entry_type, members):
        self.genesis = members if (index, entry_type) == (0, "ledger.created") else self.genesis
        self.rotations += [(index, members)] if entry_type == "key.rotated" else []
        for sha, length in named_documents(members):
            self.documents.setdefault(sha, (index, length))
    def check_keys(self):
        """Section 10: entry 0 names origin and key, each `key.rotated` the next one."""
        self.keys = [(0, self.vkey, "")] if self.vkey is not None else []  # [(entry that names it, vkey, until when the one before signs, too)]
        try:
            refuse_if(self.genesis is None or self.genesis.get("/origin") != self.origin, "it is damaged or does not create this ledger")
            vkey_parts(str(self.genesis.get("/log_key")))
        except ValueError as why:
            return self.fail("keys", str(why), 0)
        keys = [(0, self.genesis["/log_key"], "")]
        for index, members in self.rotations:
            try:
                keys.append((index, followed_key(members, [vkey for _, vkey, _ in keys], self.origin), members["/overlap_until"]))
            except ValueError as why:
                self.fail("keys", "the rotation is not followed: %s" % why, index)
        if self.vkey is not None and self.vkey not in [vkey for _, vkey, _ in keys]:
            return self.fail("keys", "neither it nor a rotation names the key that was given", 0)
        self.keys = keys
        if self.vkey is None:
            self.partly("keys", "the key was taken from the folder itself: whoever can write the folder could have put it there")
    def check_documents(self):
        """Section 3: each content that an entry names is there, under the next number; and nothing else is."""
        is_all_known, latest, stored = self.checks["documents"]["outcome"] == "passed", 0, set()
        statement = "SELECT document_no, sha256, bytes FROM documents WHERE ledger = 1 ORDER BY 1"
        for following, (number, sha, content) in enumerate(self.rows(statement, int, bytes, bytes)):
            index, length = self.documents.get(sha.hex(), (None, None))
            stored.add(sha.hex())
            if index is None and is_all_known:  # else what cannot be read may name it
                self.fail("documents", "the document %s is named by no entry" % sha.hex())
            elif index is not None and (sha256(content) != sha or length not in (None, len(content)) or number != following or index < latest):
                self.fail("documents", "the document %s that it names is altered, or out of its order" % sha.hex(), index)
            latest = max(latest, index or 0)
        for sha, (index, _) in self.documents.items():
            if sha not in stored:
                self.fail("documents", "the document %s that it names is lost" % sha, index)
        self.fail("documents", "there are some of another ledger") if self.count("documents WHERE ledger <> 1") else None
    def check_tiles(self):
        expected = full_tiles(self.leaves)
        for level, index, found in self.rows("SELECT iif(ledger = 1, level, -1), tile_index, hashes FROM tiles", int, int, bytes):
            hashes, first = expected.pop((level, index), None), index * 256
            if hashes is not None and len(found) != 8192:
                self.fail("tiles", "the tile %d/%d has not 8192 bytes" % (level, index), first * 256**level)
            elif hashes is not None and found != b"".join(hashes):
                at = next(at for at in range(256) if found[32 * at:32 * at + 32] != hashes[at])
                self.fail("tiles", "the tile %d/%d holds another hash at place %d" % (level, index, at), (first + at) * 256**level)
            elif hashes is None and len(self.leaves) == self.size:
                self.fail("tiles", "the tile %d/%d is not one of this ledger, of this size" % (level, index))
        self.partly("tiles", "without entry %d no later can be computed" % len(self.leaves)) if len(self.leaves) < self.size else None
        for level, index in expected:
            self.fail("tiles", "the tile %d/%d is missing" % (level, index), index * 256**(level + 1))
    def check_head_and_rows(self):
        if self.count("ledgers") > 1 or self.own_origin != self.origin:
            self.fail("head", "it is not the head of %s alone" % self.origin)
        elif self.last is None:
            self.partly("head", "the last entry is missing")
        elif self.last != self.head_hash:
            self.fail("head", "the head names another last entry than the one that is there", self.size - 1)
        for table in ("entries", "payloads"):
            past = self.database.execute("SELECT min(leaf_index) FROM %s WHERE ledger = 1 AND leaf_index >= %d" % (table, self.size)).fetchone()[0]
            if past is not None or self.count(table) != self.size or self.count(table + " WHERE ledger <> 1"):
                place = past if past is None or past <= MAX_INTEGER else None
                self.fail("rows", "there are %d %s, and the head says %d" % (self.count(table), table, self.size), place)
    def check_checkpoints(self):
        """Item 3, for all entries at once: stored checkpoints, those given, and the high-water mark, against the roots of the entries."""
        stored = list(self.rows("SELECT tree_size, note FROM checkpoints WHERE ledger = 1 ORDER BY tree_size", int, str))
        vkeys, signed, outside = [vkey for _, vkey, _ in self.keys], [], self.outside
        for size, note in stored if vkeys else []:
            try:
                said, root, signers = checkpoint_parts(note, self.origin, vkeys)
                refuse_if(said != size, "the note says size %d" % said)
                others = note.rpartition("\n\n")[2].count("\n") - len(signers)
                self.partly("checkpoints", "that of size %d has signatures of keys that are not known here" % size) if others else None
                if self.is_signed_by_all(size, signers, stored):
                    signed.append((size, root))
            except ValueError as why:
                self.fail("checkpoints", "the checkpoint of size %d: %s" % (size, why))
        for name, raw in self.given:
            try:
                outside.append(("given_checkpoints", *checkpoint_parts(raw.decode(), self.origin, vkeys)[:2]))
            except ValueError as why:
                self.fail("given_checkpoints", "%s is no checkpoint of this ledger: %s" % (name, why))
        actual = roots(self.leaves, [size for size, _ in signed] + [size for _, size, _ in outside])
        self.check_stored(signed, actual)
        for name, size, root in outside:
            if size > self.size:
                self.fail(name, "size %d had been reached, and the ledger ends at %d" % (size, self.size), self.size)
            elif size not in actual:
                self.partly(name, "the root at size %d cannot be computed" % size)
            elif actual[size] != root:
                self.fail(name, "the ledger holds another history: its root at size %d is another" % size, 0 if size == 1 else None)
        if not self.given:
            self.partly("given_checkpoints", "none: that the whole ledger was rewritten before this moment cannot be excluded", "not_run")
        self.fail("checkpoints", "there are some of another ledger") if self.count("checkpoints WHERE ledger <> 1") else None
        self.partly("checkpoints", "no key, or unsigned entries") if not vkeys or not stored or stored[-1][0] < self.size else None
    def is_signed_by_all(self, size, signers, stored):
        """KEY_ROTATION.md: the key in force signs, and in an overlap the one before it, too."""
        covered = [key for key in self.keys if key[0] < size or key[0] == 0]
        refuse_if(covered[-1][1] not in signers, "the key in force has not signed")
        for (_, old, _), (index, _, until) in zip(covered, covered[1:]):
            is_first = not any(index < other < size for other, _ in stored)
            if old not in signers and (is_first or (size <= len(self.said) and self.said[size - 1][1] < until)):
                self.fail("checkpoints", "the checkpoint of size %d lacks the signature of the key before" % size, index if is_first else None)
                return False
        return True
    def check_stored(self, signed, actual):
        # The chain says a second time what each entry was: where the hashes that entries link to give the signed root, the changed one is known.
        claims = [prev for prev, _ in self.said[1:]] + (self.leaves[-1:] if len(self.leaves) == self.size else [])
        claims = claims[:claims.index(None)] if None in claims else claims
        changed = next((index for index, claim in enumerate(claims) if claim != self.leaves[index]), None)
        claimed = roots(claims, [size for size, _ in signed]) if changed is not None else {}
        good = 0
        for size, root in signed:
            if size > self.size:
                self.fail("checkpoints", "size %d was signed, but the ledger ends at %d: the tail was cut" % (size, self.size), self.size)
            elif size not in actual:
                self.partly("checkpoints", "the root at size %d cannot be computed" % size)
            elif actual[size] == root:
                good = size
            else:
                place = changed if claimed.get(size) == root else good if good + 1 == size else None
                self.fail("checkpoints", "the entries from %d on no longer have the root signed at size %d" % (good, size), place)
    def high_water_mark(self):
        """The file holds a line each: `onus-high-water/v1`, origin, size, root in base64url."""
        text = self.mark.read_bytes().decode(errors="replace") if self.mark.is_file() else ""
        match = re.fullmatch("onus-high-water/v1\n([^\n\ufffd]*)\n[+]?([0-9]{1,20})\n(%s)\n" % HASH, text)
        if match is None or int(match[2]) >= 2**64:
            self.partly("high_water", "no mark can be read: that an earlier state was put back cannot be excluded", "partly" if text else "not_run")
        elif match[1] != self.own_origin:
            self.fail("high_water", "it belongs to %s, not to %s" % (match[1], self.own_origin))
        else:
            return [("high_water", int(match[2]), base64url_decoded(match[3]))]
        return []
def verify(data, vkey=None, checkpoints=(), high_water=None):
    """The report on the ledger in a directory. Raises if what was given from outside cannot be used."""
    folder, mark, checks = pathlib.Path(data), pathlib.Path(high_water or str(pathlib.Path(data)) + ".high-water"), {}
    given = [(name, pathlib.Path(name).read_bytes()) for name in checkpoints or ()]
    if (folder / "ledger.db").exists():
        try:
            uri = (folder / "ledger.db").absolute().as_uri() + "?mode=ro"
            with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as database:
                database.text_factory = lambda text: text.decode("utf-8", "surrogateescape")  # what is no UTF-8 fits nothing, and fails there
                database.execute("BEGIN")  # one snapshot, though somebody may be writing
                checks = Verification(database, vkey, given, mark).run()
        except sqlite3.Error as why:
            checks = {name: {"name": name, "outcome": "not_run", "entry": None, "reason": "file unreadable: %s" % why} for name in CHECKS + DEEP}
            checks["file"]["outcome"] = "failed"
    verdict = "failed" if any(check["outcome"] == "failed" for check in checks.values()) else "partly" if checks else "nothing_to_verify"
    first_wrong = min((check["entry"] for check in checks.values() if check["entry"] is not None), default=None)
    return {"verdict": verdict, "first_wrong": first_wrong, "checks": list(checks.values())}
def answer(request):
    try:
        request = json.loads(request) if isinstance(request, str) else request
        return verify(request["data"], request.get("vkey"), request.get("checkpoints"), request.get("high_water"))
    except (ValueError, OSError, KeyError, TypeError, AttributeError) as why:
        return {"verdict": "nothing_to_verify", "first_wrong": None, "checks": [], "error": "nothing was verified: %s" % why}
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--data", "--vkey", "--high-water"):
        parser.add_argument(option)
    parser.add_argument("--checkpoint", action="append", dest="checkpoints")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--batch", action="store_true")
    asked = parser.parse_args()
    if sqlite3.sqlite_version_info < (3, 37) or not (asked.batch or asked.data):
        parser.error("--data (or --batch) and SQLite 3.37 or later are needed")
    if asked.batch:
        return any(print(json.dumps(answer(line)), flush=True) for line in sys.stdin)
    found = answer(vars(asked))
    for check in found["checks"] if not asked.json else ():
        print("%-8s %-20s %s" % (check["outcome"].upper().replace("_", " "), check["name"], check["reason"]))
    print(json.dumps(found) if asked.json else "%s; first wrong entry: %s %s" % (found["verdict"], found["first_wrong"], found.get("error", "")))
    return 1 if found["verdict"] == "failed" else 2
if __name__ == "__main__":
    sys.exit(main())
