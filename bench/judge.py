#!/usr/bin/env python3
"""An independent judge of a log and of what was exported of it.

Written from the specifications alone, in another language, with no code of this repository and nothing but Python's standard
library: RFC 6962 (Merkle trees), C2SP signed-note, tlog-checkpoint and tlog-tiles, RFC 8032 (Ed25519; by the package
`cryptography` where it is installed), and the form of bundles and leaves, as the comments of verify/format.ts and verify/leaf.ts
give it.

    judge.py bundle FILE VKEY     every leaf of an export gives the signed root, or has its proof; what is shown is committed to
    judge.py proof FILE VKEY      one event is under the signed root, and that checkpoint in the platform log
    judge.py log URL VKEY [NAME=VALUE ...]   a running instance's checkpoint, entries and tiles, fetched with these headers

Prints one JSON object; ends with 0 where it holds, with 1 where it does not.
"""
import base64
import hashlib
import json
import sys
import urllib.request

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    Ed25519PublicKey = None


class Refused(Exception):
    pass


def need(good, why):
    if not good:
        raise Refused(why)


def sha256(data):
    return hashlib.sha256(data).digest()


def b64(text):
    return base64.b64decode(text, validate=True)


# Ed25519 (RFC 8032 §5.1.7), for where no package is at hand.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * ROOT % P
    if (x * x - square) % P != 0 or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def point(data):
    number = int.from_bytes(data, "little")
    y = number & ((1 << 255) - 1)
    x = recover(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(n, p):
    q = (0, 1, 1, 0)
    while n:
        if n & 1:
            q = add(q, p)
        p, n = add(p, p), n >> 1
    return q


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (recover(BASE_Y, 0), BASE_Y, 1, recover(BASE_Y, 0) * BASE_Y % P)


def plain_ed25519(key, message, signature):
    a, r = point(key), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def ed25519(key, message, signature):
    if len(key) != 32 or len(signature) != 64:
        return False
    plain = plain_ed25519(key, message, signature)
    if Ed25519PublicKey is not None:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        except InvalidSignature:
            return False
    return plain


# RFC 6962 §2.1
def leaf_hash(data):
    return sha256(b"\0" + data)


def node_hash(left, right):
    return sha256(b"\1" + left + right)


def split_of(count):
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def root_of(hashes):
    if not hashes:
        return sha256(b"")
    if len(hashes) == 1:
        return hashes[0]
    k = split_of(len(hashes))
    return node_hash(root_of(hashes[:k]), root_of(hashes[k:]))


def root_by_path(index, size, leaf, path):
    """The root that an inclusion proof leads to, by the recursion of §2.1.1."""
    if size == 1:
        need(not path, "a proof is too long")
        return leaf
    need(path, "a proof is too short")
    k = split_of(size)
    if index < k:
        return node_hash(root_by_path(index, k, leaf, path[:-1]), path[-1])
    return node_hash(path[-1], root_by_path(index - k, size - k, leaf, path[:-1]))


def included(index, size, leaf, path, root):
    need(0 <= index < size, "a place outside the tree")
    need(root_by_path(index, size, leaf, path) == root, "an inclusion proof does not lead to the root")


def consistent(old, size, old_root, root, path):
    """§2.1.2, backwards: both roots out of one proof."""

    def walk(m, n, whole, rest):
        if m == n:
            if whole:
                need(not rest, "a consistency proof is too long")
                return old_root, old_root
            need(len(rest) == 1, "a consistency proof is too short")
            return rest[0], rest[0]
        need(rest, "a consistency proof is too short")
        k = split_of(n)
        if m <= k:
            before, now = walk(m, k, whole, rest[:-1])
            return before, node_hash(now, rest[-1])
        before, now = walk(m - k, n - k, False, rest[:-1])
        return node_hash(rest[-1], before), node_hash(rest[-1], now)

    need(0 < old <= size, "sizes out of order")
    before, now = walk(old, size, True, path)
    need(before == old_root and now == root, "a consistency proof does not hold")


def hash_row(text):
    data = b64(text)
    need(len(data) % 32 == 0, "a row of hashes is cut")
    return [data[at : at + 32] for at in range(0, len(data), 32)]


# C2SP signed-note and tlog-checkpoint
def key_of(vkey):
    name, key_id, data = vkey.split("+", 2)
    data = b64(data)
    need(data[:1] == b"\1" and len(data) == 33, "the key is not Ed25519")
    need(sha256(name.encode() + b"\n" + data)[:4].hex() == key_id, "the key's id is not its own")
    return name, bytes.fromhex(key_id), data[1:]


def checkpoint(note, key):
    name, key_id, public = key
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    signed = 0
    for line in lines.splitlines():
        dash, who, signature = line.split(" ")
        need(dash == "\u2014", "a line under the note is no signature")
        data = b64(signature)
        if who == name and data[:4] == key_id:
            need(ed25519(public, text.encode(), data[4:]), "a signature of the key does not fit")
            signed += 1
    need(signed == 1, "the key did not sign this")
    origin, size, root = text.split("\n")[:3]
    need(origin == name, "a checkpoint of another log")
    need(size == str(int(size)), "a size written otherwise")
    return {"origin": origin, "size": int(size), "root": b64(root), "text": text}


# The form of a leaf: what is shown of it must be what it commits to.
def shown(part):
    leaf = json.loads(part["leaf"])
    fields = part.get("open")
    if not fields:
        return 0
    row = part.get("record", {}).get("values", {})
    hashes, count = [], 0
    for name in sorted(fields, key=lambda each: each.encode("utf-16-be")):
        field = fields[name]
        if "commitment" in field:
            data = field["commitment"]
            hashes.append(base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)))
            continue
        salt = base64.urlsafe_b64decode(field["salt"] + "=" * (-len(field["salt"]) % 4))
        value = field["value"] if "value" in field else canonical(row[name])
        hashes.append(leaf_hash(salt + name.encode() + b"\0" + value.encode("utf-8", "surrogatepass")))
        count += 1
    need(root_of(hashes).hex() == leaf["root"], "what is shown of a leaf is not what it commits to")
    return count


def canonical(value):
    """RFC 8785 for what rows hold: texts, booleans, nothing, whole numbers, lists and objects of these."""
    if isinstance(value, float):
        raise Refused("a fraction in a row: its canonical text is not this judge's matter")
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, dict):
        names = sorted(value, key=lambda each: each.encode("utf-16-be"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"
    return json.dumps(value, ensure_ascii=False)


def perfect(begin, end):
    """The perfect subtrees of [begin, end), left to right."""
    sizes = []
    while begin < end:
        size = 1
        while begin % (2 * size) == 0 and begin + 2 * size <= end:
            size *= 2
        sizes.append((begin, size))
        begin += size
    return sizes


def root_of_pieces(pieces, begin, size):
    """The root over [begin, begin + size), out of known perfect subtrees and leaves."""
    if (begin, size) in pieces:
        return pieces[(begin, size)]
    need(size > 1, f"leaf {begin} is missing")
    k = split_of(size)
    return node_hash(root_of_pieces(pieces, begin, k), root_of_pieces(pieces, begin + k, size - k))


def judge_bundle(path, vkey):
    key = key_of(vkey)
    with open(path, encoding="utf-8", newline="\n") as file:
        lines = [json.loads(line) for line in file]
    head, end = lines[0], lines[-1]
    need(head["kind"] == "bundle" and end["kind"] == "end", "the bundle is cut")
    newest = checkpoint([each["note"] for each in lines if each["kind"] == "checkpoint"][-1], key)
    need(head["origin"] == newest["origin"] and head["to"] <= newest["size"], "a bundle of another log")
    leaves = [each for each in lines if each["kind"] == "leaf"]
    need(len(leaves) == end["leaves"], "leaves are missing")
    need([each["index"] for each in leaves] == sorted({each["index"] for each in leaves}), "leaves out of order")
    fields = sum(map(shown, leaves))
    if head["complete"]:
        need([each["index"] for each in leaves] == list(range(head["from"], head["to"])), "the range is not whole")
        pieces = {(each["index"], 1): leaf_hash(each["leaf"].encode()) for each in leaves}
        beside = next((each for each in lines if each["kind"] == "range"), {"left": "", "right": ""})
        for side, (begin, stop) in (("left", (0, head["from"])), ("right", (head["to"], newest["size"]))):
            places, hashes = perfect(begin, stop), hash_row(beside[side])
            need(len(places) == len(hashes), "the hashes beside the range are not as many as they are")
            pieces.update(zip(places, hashes))
        need(root_of_pieces(pieces, 0, newest["size"]) == newest["root"], "the leaves do not give the signed root")
    else:
        for each in leaves:
            included(each["index"], newest["size"], leaf_hash(each["leaf"].encode()), hash_row(each["proof"]), newest["root"])
    for each in lines:
        if each["kind"] == "consistency":
            need(each["to"] == newest["size"], "a consistency proof to another size")
        if each["kind"] == "platform":
            platform(each, newest)
    return {"leaves": len(leaves), "fields": fields, "complete": head["complete"], "size": newest["size"]}


def platform(part, newest):
    """That the checkpoint is among those a leaf of the platform log records; its key is this file's own word."""
    text = part["note"].rpartition("\n\n")[0] + "\n"
    _, size, root = text.split("\n")[:3]
    included(part["index"], int(size), leaf_hash(part["leaf"].encode()), hash_row(part["proof"]), b64(root))
    tick = json.loads(part["leaf"])
    heads = bytes.fromhex(tick["heads"])
    head = leaf_hash(newest["text"].encode())
    included(part["place"], int(tick["count"]), head, hash_row(part["placeProof"]), heads)


def judge_proof(path, vkey):
    with open(path, encoding="utf-8") as file:
        proof = json.load(file)
    newest = checkpoint(proof["checkpoint"], key_of(vkey))
    included(proof["index"], newest["size"], leaf_hash(proof["leaf"].encode()), hash_row(proof["proof"]), newest["root"])
    fields = shown(proof)
    if "platform" in proof:
        platform(proof["platform"], newest)
    return {"index": proof["index"], "size": newest["size"], "fields": fields, "platform": "platform" in proof}


# C2SP tlog-tiles
def number(index):
    parts = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        parts.insert(0, f"{index % 1000:03d}")
    return parts


def path_of(level, index, width):
    parts = number(index)
    text = "/".join(["x" + part for part in parts[:-1]] + [parts[-1]])
    return f"tile/{level}/{text}" + ("" if width == 256 else f".p/{width}")


def judge_log(url, vkey, *headers):
    def get(path):
        request = urllib.request.Request(f"{url}/{path}", headers=dict(each.split("=", 1) for each in headers))
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    newest = checkpoint(get("checkpoint").decode(), key_of(vkey))
    row, tiles = [], 0
    for index in range(0, (newest["size"] + 255) // 256):
        width = min(256, newest["size"] - index * 256)
        data, at, entries = get(path_of("entries", index, width)), 0, []
        while at < len(data):
            length = int.from_bytes(data[at : at + 2], "big")
            entries.append(data[at + 2 : at + 2 + length])
            at += 2 + length
        need(at == len(data) and len(entries) == width, "a bundle of entries is cut")
        row += [leaf_hash(each) for each in entries]
    level, below = 0, row
    while below:
        for index in range(0, (len(below) + 255) // 256):
            part = below[index * 256 : index * 256 + 256]
            need(get(path_of(level, index, len(part))) == b"".join(part), f"a tile of level {level} is not what its leaves give")
            tiles += 1
        below = [root_of(below[at : at + 256]) for at in range(0, len(below) - 255, 256)]
        level += 1
    need(root_of(row) == newest["root"], "the entries do not give the signed root")
    return {"leaves": len(row), "tiles": tiles, "size": newest["size"]}


def main():
    judges = {"bundle": judge_bundle, "proof": judge_proof, "log": judge_log}
    if len(sys.argv) < 4 or sys.argv[1] not in judges:
        sys.stderr.write(__doc__)
        return 2
    sys.setrecursionlimit(10_000)
    said = {"signatures": "plain" if Ed25519PublicKey is None else "plain and cryptography"}
    try:
        said.update(judges[sys.argv[1]](*sys.argv[2:]), verdict="holds")
    except (Refused, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        said.update(verdict="refused", why=str(error) or type(error).__name__)
    print(json.dumps(said))
    return 0 if said["verdict"] == "holds" else 1


sys.exit(main())
