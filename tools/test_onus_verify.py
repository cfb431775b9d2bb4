"""What `onus_verify.py` is made of, against known answers: FORMAT.md's vectors, C2SP, RFC 6962, 8032, 8785. Run: python3 -m unittest discover tools"""
import base64, json, os, pathlib, sqlite3, struct, sys, tempfile, unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import onus_verify as ov  # noqa: E402

def shared(path):
    """A file of ../shared; in CI it must be there."""
    for root in [os.environ.get("ONUS_SHARED"), *(parent / "shared" for parent in HERE.parents)]:
        if root and (pathlib.Path(root) / path).exists():
            return pathlib.Path(root) / path
    if os.environ.get("CI") == "true":
        raise AssertionError("../shared/%s is missing" % path)
    raise unittest.SkipTest("../shared/%s is missing" % path)

class Format(unittest.TestCase):
    def test_the_worked_example_is_computed_again(self):
        vectors = json.loads(shared("vectors/format/vectors.json").read_text("utf-8"))
        seed = bytes.fromhex(vectors["seed_hex"])
        for member in vectors["members"]:
            self.assertEqual(ov.salt(seed, member["name"]), member["salt"])
            self.assertEqual(ov.digest(member["salt"], member["name"], member["value_jcs"]), member["digest"])
        names, digests = zip(*((member["name"], member["digest"]) for member in vectors["members"]))
        self.assertEqual(ov.commitment(digests, names), vectors["commitment"]["base64url"])
        text = "{" + ",".join('"%s":%s' % (member["name"], member["value_jcs"]) for member in vectors["members"]) + "}"
        self.assertEqual(set(ov.opened(seed, text, vectors["commitment"]["base64url"])), set(names))
        for vector in (vectors, vectors["erasure_entry"]):
            raw = vector["entry_bytes"].encode()
            ov.header_parts(raw)
            self.assertEqual(ov.leaf_hash(raw).hex(), vector["leaf_hash_hex"])
        self.assertEqual(ov.jcs({"\ufb33": 1, "\U0001f600": 2}, 0), vectors["corners"]["member_names_sort_by_utf16"]["jcs"])

    def test_every_malformed_entry_is_refused(self):
        refused = json.loads(shared("vectors/format/vectors.json").read_text("utf-8"))["refused_entries"]
        self.assertGreater(len(refused), 10)
        for vector in refused:
            with self.subTest(vector["why"]), self.assertRaises(ov.Refused):
                ov.header_parts(vector["entry_bytes"].encode())

    def test_a_day_must_be_in_the_calendar(self):
        for day, is_real in (("2024-02-29", True), ("2026-02-29", False), ("2026-04-31", False), ("1900-02-29", False), ("0000-02-29", True)):
            self.assertEqual(ov.is_time(day + "T00:00:00.000000Z"), is_real, day)
        for text in ("2026-01-01T24:00:00.000000Z", "2026-01-01T00:00:60.000000Z", "2026-01-01T00:00:00.000000Z\n"):
            self.assertFalse(ov.is_time(text), text)

class Json(unittest.TestCase):
    def test_numbers_are_written_as_rfc_8785_writes_them(self):
        for bits, text in (  # RFC 8785 appendix B
                ("0000000000000000", "0"), ("8000000000000000", "0"), ("0000000000000001", "5e-324"), ("8000000000000001", "-5e-324"),
                ("7fefffffffffffff", "1.7976931348623157e+308"), ("4340000000000000", "9007199254740992"), ("4430000000000000", "295147905179352830000"),
                ("44b52d02c7e14af5", "9.999999999999997e+22"), ("44b52d02c7e14af6", "1e+23"), ("44b52d02c7e14af7", "1.0000000000000001e+23"),
                ("444b1ae4d6e2ef4e", "999999999999999700000"), ("444b1ae4d6e2ef4f", "999999999999999900000"), ("444b1ae4d6e2ef50", "1e+21"),
                ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"), ("3eb0c6f7a0b5ed8d", "0.000001"), ("41b3de4355555553", "333333333.3333332"),
                ("41b3de4355555554", "333333333.33333325"), ("41b3de4355555555", "333333333.3333333"), ("41b3de4355555556", "333333333.3333334"),
                ("41b3de4355555557", "333333333.33333343"), ("becbf647612f3696", "-0.0000033333333333333333"), ("43143ff3c1cb0959", "1424953923781206.2")):
            self.assertEqual(ov.jcs_number(struct.unpack(">d", bytes.fromhex(bits))[0]), text)

    def test_only_exact_numbers_and_clean_objects_are_read(self):
        for text in ("1e400", "-1e400", "NaN", "Infinity", "-Infinity", "9007199254740992", "1e16", "0.10000000000000000001", "1e-400", "1e-99999999999999999999",
                     "9" * 5000, '{"a":1,"a":1}', '{"a":{"_sd":1}}', '[{"...":1}]', "01", "1.", "[1,]", '"\t"', "'a'", "", "1 2"):
            with self.subTest(text[:40]), self.assertRaises(ValueError):
                ov.strict_json(text)
        for text in ("1.10", "-0", "9007199254740991", "5e-324", "1E2", '["_sd"]'):
            ov.strict_json(text)

    def test_a_payload_must_be_its_own_canonical_form(self):
        def commitment_of(text):
            value = text[6:-1]
            return ov.commitment([ov.digest(ov.salt(bytes(32), "/a"), "/a", value)], ["/a"])
        for text in ('{"/a":1.5}', '{"/a":{"a":1,"b":"\u20ac"}}', '{"/a":' + "[" * 31 + "]" * 31 + "}"):
            ov.opened(bytes(32), text, commitment_of(text))
        for text in ('{"/a":1.50}', '{"/a":{"b":1,"a":2}}', '{"/a":"\\u0041"}', '{"/a": 1}', '{"/a":"\\ud800"}', '{"/a":' + "[" * 32 + "]" * 32 + "}"):
            with self.subTest(text), self.assertRaises(ValueError):
                ov.opened(bytes(32), text, commitment_of(text))

class Signatures(unittest.TestCase):
    def test_rfc_8032_signatures_verify_and_altered_ones_do_not(self):
        for key, message, signature in (
                ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                 "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
                ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                 "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
                ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                 "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")):
            key, message, signature = map(bytes.fromhex, (key, message, signature))
            self.assertTrue(ov.ed25519_verifies(key, message, signature))
            self.assertFalse(ov.ed25519_verifies(key, message + b"x", signature))
            for at in (0, 31, 32, 63):
                self.assertFalse(ov.ed25519_verifies(key, message, signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1:]))
            malleable = signature[:32] + (int.from_bytes(signature[32:], "little") + ov.ORDER).to_bytes(32, "little")
            self.assertFalse(ov.ed25519_verifies(key, message, malleable))
            self.assertFalse(ov.ed25519_verifies(key, message, signature + b"\0"))

    def test_keys_of_small_order_and_other_spellings_of_points_are_refused(self):
        small = [bytes([1]) + bytes(31), bytes(32), (ov.P - 1).to_bytes(32, "little"), bytes(31) + b"\x80",
                 bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), (ov.P + 1).to_bytes(32, "little"), b"\xff" * 32]
        for key in small:
            self.assertFalse(ov.ed25519_verifies(key, b"", key + bytes(32)), key.hex())

class Log(unittest.TestCase):
    VKEY = "ledger.example/acme+83b1baac+AdBKsjJ0K7SrOhNovUYV5ObQIkq3GgFrr4UgozLJd4c3"
    NOTE = ("ledger.example/acme\n7\nkTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=\n\n"
            "— ledger.example/acme g7G6rOa5a66YtQpocWlIpJah440ijxkjKaQCzDqkfn0VFMnQCKSfFTgJu6gvU3AcIeJceQK+kYBbxH7qFCKjwM2+wgk=\n"
            "— witness.example/w1 4M0oZAAAAABo53gAES7yT+/0qEsm0VASwKEg0QUmcX+7h7xjbNEVDv0n1OQo6UFszOOj99m/kABsO6i0PAv0cCmQTEIBIBHOd/o2DA==\n")

    def test_the_checkpoint_of_c2sp_md_verifies(self):
        size, root, signers = ov.checkpoint_parts(self.NOTE, "ledger.example/acme", [self.VKEY])
        self.assertEqual((size, root.hex()[:8], signers), (7, "9139601c", {self.VKEY}))

    def test_any_other_checkpoint_does_not(self):
        for old, new in (("\n7\n", "\n8\n"), ("\n7\n", "\n07\n"), ("\n7\n", "\n+7\n"), ("kTlg", "kTlh"), ("WF0=", "WF1="), ("WF0=", "WF0"), ("g7G6rO", "g7G7rO"),
                         ("wgk=\n", "wgk="), ("\n\n", "\n"), ("— l", "- l"), ("\n7", "\r\n7"), ("7\n", str(2**63) + "\n"), ("ledger.example/acme\n", "other\n"),
                         ("acme g7", "acme  g7"), ("DA==\n", "DB==\n"), ("DA==\n", "DA==")):
            with self.subTest((old, new)), self.assertRaises(ValueError):
                ov.checkpoint_parts(self.NOTE.replace(old, new, 1), "ledger.example/acme", [self.VKEY])
        with self.assertRaises(ValueError):
            ov.checkpoint_parts(self.NOTE, "ledger.example/acme", [])
        for vkey in ("x", self.VKEY[:-1], self.VKEY.replace("+83", "+84"), self.VKEY.replace("acme", "acmf"), self.VKEY.replace("+83b1baac", "+83B1BAAC")):
            with self.subTest(vkey), self.assertRaises(ValueError):
                ov.vkey_parts(vkey)

    def test_roots_and_tiles_are_those_of_c2sp_md(self):
        leaves = [ov.leaf_hash(b"entry-%d" % i) for i in range(70_000)]
        for size, root in ov.roots(leaves, (0, 1, 2, 3, 4, 5, 6, 7, 256, 257, 65536, 70_000)).items():
            self.assertTrue(root.hex().startswith({0: "e3b0c442", 1: "40766b20", 2: "2f27a508", 3: "a64bf26e", 4: "256b9e88", 5: "1aa68d30", 6: "08783a52",
                            7: "9139601c", 256: "f85f4ead34080710", 257: "918b1cec64f317c7", 65536: "df2c606d114416fa", 70_000: "a62a54be33294ffd"}[size]), size)
        tiles = ov.full_tiles(leaves)
        self.assertEqual((len(tiles), max(tiles)), (274, (1, 0)))
        for place, sha in (((0, 0), "8921c57d2f65271c"), ((0, 272), "a7dec3f9664143f7"), ((1, 0), "3f2180f39b716a1f")):
            self.assertTrue(ov.sha256(b"".join(tiles[place])).hex().startswith(sha), place)

    def test_base64_has_one_form(self):
        for text in ("AA", "AA=", "AB==", "A A=", "AA==\n", "AAA-", "=", "é==="):
            with self.subTest(text), self.assertRaises(ValueError):
                ov.base64_decoded(text)
        self.assertEqual((ov.base64_decoded("+/8="), ov.base64url_decoded("-_8"), base64.b64encode(b"")), (b"\xfb\xff", b"\xfb\xff", b""))

class Folders(unittest.TestCase):
    def test_what_is_no_ledger_gets_a_verdict_and_no_traceback(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(ov.verify(folder)["verdict"], "nothing_to_verify")
            path = pathlib.Path(folder) / "ledger.db"
            for content in (b"", b"x" * 5000, b"SQLite format 3\0" + bytes(84)):
                path.write_bytes(content)
                self.assertEqual(ov.verify(folder)["verdict"], "failed", content[:20])
            path.unlink()
            for head in (("a", -1, b""), ("a", 2**62, bytes(32)), ("A B", 1, bytes(32)), (1, "x", None), (b"\xff", 1.5, "y")):
                with sqlite3.connect(path) as database:
                    database.execute("DROP TABLE IF EXISTS ledgers")
                    database.execute("CREATE TABLE ledgers (ledger, origin, tree_size, head_leaf_hash)")
                    database.execute("INSERT INTO ledgers VALUES (1, ?, ?, ?)", head)
                database.close()
                self.assertEqual(ov.verify(folder)["verdict"], "failed", head)
            for request in ("", "{", "[]", "null", '{"data":5}', "{}", json.dumps({"data": folder, "vkey": "x"}), json.dumps({"data": folder, "checkpoints": ["/nowhere"]})):
                self.assertIn(ov.answer(request)["verdict"], ("nothing_to_verify", "failed"), request)

if __name__ == "__main__":
    unittest.main()
