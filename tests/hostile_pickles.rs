//! A hostile server causes only a typed error: no named code runs, no declared size is believed, nothing panics.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/fixtures.rs"]
mod fixtures;
#[path = "support/hostile.rs"]
mod hostile;

use bytes::Bytes;
use hostile::{Assembler, BOMBS};
use hydrotest::prediction::Value;
use hydrotest::wire::pickle::{PickleBound, PickleError, PickleFault, decode};
use hydrotest::wire::{ResponseLimits, envelope};

fn new() -> Assembler {
    Assembler::new()
}

fn read(payload: Vec<u8>) -> Result<Value, PickleError> {
    decode(&Bytes::from(payload), &ResponseLimits::default())
}

fn fault(payload: Vec<u8>) -> PickleFault {
    read(payload).unwrap_err().fault
}

/// An array whose shape tuple and data are written by `shape` and `data`.
fn array(code: &str, shape: impl Fn(Assembler) -> Assembler, data: impl Fn(Assembler) -> Assembler) -> Vec<u8> {
    let shell =
        new().global("numpy._core.multiarray", "_reconstruct").global("numpy", "ndarray").raw(b"K\x00\x85C\x01b\x87R");
    let begun = shape(shell.raw(b"(K\x01"));
    data(begun.dtype(code, "<", -1).raw(b"\x89")).raw(b"tb").stop()
}

/// The function that the refused pickle tried to call.
fn refused(payload: Vec<u8>) -> String {
    match fault(payload) {
        PickleFault::Call(name) => name,
        other => panic!("{other}"),
    }
}

#[test]
fn functions_outside_the_allow_list_are_refused_by_name() {
    for (module, name) in [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "exec"),
        ("__builtin__", "__import__"),
        ("subprocess", "Popen"),
        ("operator", "attrgetter"),
        ("functools", "partial"),
        ("copyreg", "_reconstructor"),
        ("codecs", "decode"),
        ("importlib", "import_module"),
        ("numpy", "load"),
        ("numpy", "ndarray"),
        ("torch", "load"),
        ("torch", "FloatStorage"),
        ("pickle", "loads"),
        ("biotite.structure", "AtomArray"),
        ("boileroom.base", "PredictionMetadata"),
    ] {
        let called = format!("{module}.{name}");
        let by_reduce = new().global(module, name).text("id").raw(b"\x85R").stop();
        assert_eq!(refused(by_reduce), called);
        let discarded = new().global(module, name).text("id").raw(b"\x85R0N").stop();
        assert_eq!(refused(discarded), called, "also when its result is thrown away");
        let with_arguments = new().global(module, name).text("id").raw(b"\x85\x81").stop();
        assert_eq!(refused(with_arguments), called, "a constructor with arguments is a call");
        let with_keywords = new().global(module, name).raw(b")}").text("a").raw(b"Ns\x92").stop();
        assert_eq!(refused(with_keywords), called);
        let on_stack = new().text(module).text(name).raw(b"\x93)R").stop();
        assert_eq!(refused(on_stack), called);
    }
}

#[test]
fn attributes_of_allowed_names_are_refused_too() {
    let getattr = |object: (&str, &str), name: &str| {
        let begun = new().global("builtins", "getattr").global(object.0, object.1);
        refused(begun.text(name).raw(b"\x86R").stop())
    };
    assert_eq!(
        getattr(("biotite.structure", "BondList"), "__init__"),
        "builtins.getattr for biotite.structure.BondList.__init__"
    );
    assert_eq!(getattr(("os", "path"), "_from_state"), "builtins.getattr for os.path._from_state");
    assert_eq!(getattr(("os", "path"), "a\u{1b}[2J"), "builtins.getattr for os.path.?");
    let called_twice = new().global("collections", "OrderedDict").raw(b")R)R").stop();
    assert_eq!(refused(called_twice), "dict");
    let through_array = new().global("numpy._core.multiarray", "_reconstruct").global("os", "system");
    assert_eq!(refused(through_array.raw(b"K\x00\x85C\x01b\x87R").stop()), "_reconstruct of os.system");
}

#[test]
fn codecs_other_than_latin1_are_refused() {
    let call = new().global("_codecs", "encode").text("a").text("rot13").raw(b"\x86R").stop();
    assert_eq!(refused(call), "_codecs.encode with another codec than latin1");
}

#[test]
fn state_is_set_on_records_only() {
    let state = |object: Assembler| match fault(object.raw(b"}b").stop()) {
        PickleFault::State(name) => name,
        other => panic!("{other}"),
    };
    assert_eq!(state(new().global("os", "system")), "os.system");
    assert_eq!(state(new().raw(b"]")), "list");
    assert_eq!(state(new().global("collections", "OrderedDict").raw(b")R")), "dict");
    assert_eq!(state(new().global("a", "B").raw(b")\x81}b")), "a.B", "and only once");
}

#[test]
fn references_to_code_are_not_data() {
    let payload = new().raw(b"]").global("os", "system").raw(b"a").stop();
    assert_eq!(fault(payload), PickleFault::Reference("os.system".into()));
}

#[test]
fn invalid_names_never_reach_a_message() {
    for name in ["sys\u{1b}[2Jtem", "a b", "", "a..b", "<lambda>"] {
        let payload = new().text("os").text(name).raw(b"\x93").stop();
        assert_eq!(fault(payload), PickleFault::Name);
    }
}

#[test]
fn instructions_for_external_objects_are_refused_by_name() {
    let cases: [(&str, &[u8]); 8] = [
        ("INST", b"(ios\nsystem\n"),
        ("OBJ", b"(cos\nsystem\no"),
        ("EXT1", b"\x82\x01"),
        ("EXT4", b"\x84\x01\0\0\0"),
        ("PERSID", b"P1\n"),
        ("BINPERSID", b"NQ"),
        ("NEXT_BUFFER", b"\x97"),
        ("READONLY_BUFFER", b"\x98"),
    ];
    for (opcode, instructions) in cases {
        let error = read(new().raw(instructions).stop()).unwrap_err();
        assert_eq!((error.opcode, &error.fault), (opcode, &PickleFault::ForbiddenOpcode), "{error}");
    }
    assert_eq!(fault(new().raw(b"\xff").stop()), PickleFault::UnknownOpcode(0xff));
}

#[test]
fn a_nested_torch_stream_does_not_bypass_the_allow_list() {
    let evil = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02cos\nsystem\nX\x02\0\0\0id\x85R.";
    let payload = new().global("torch.storage", "_load_from_bytes").bytes(evil).raw(b"\x85R").stop();
    assert_eq!(refused(payload), "os.system");
    let other = new().global("torch.storage", "_load_from_bytes").bytes(b"PK\x03\x04").raw(b"\x85R").stop();
    assert_eq!(fault(other), PickleFault::Malformed("torch storage"));
}

#[test]
fn every_bomb_ends_at_a_bound() {
    let limits = ResponseLimits { allocation: 64 << 20, ..ResponseLimits::default() };
    for (name, make) in BOMBS {
        let error = decode(&Bytes::from(make()), &limits).unwrap_err();
        assert!(matches!(error.fault, PickleFault::Limit { .. }), "{name}: {error}");
    }
}

#[test]
fn nesting_ends_at_its_own_bound() {
    for (name, make) in BOMBS.into_iter().filter(|(name, _)| name.contains("nested")) {
        let limit = ResponseLimits::default().depth;
        assert_eq!(fault(make()), PickleFault::Limit { bound: PickleBound::Depth, limit }, "{name}");
    }
}

#[test]
fn values_that_contain_themselves_are_refused() {
    for payload in [
        new().raw(b"]\x94h\x00a").stop(),
        new().raw(b"}\x94Nh\x00s").stop(),
        new().raw(b"]\x94h\x00\x85a").stop(),
        new().global("a", "B").raw(b")\x81\x94}").text("self").raw(b"h\x00sb").stop(),
    ] {
        assert_eq!(fault(payload), PickleFault::Cycle);
    }
}

#[test]
fn declared_sizes_are_not_believed() {
    for payload in [
        new().raw(b"\x8e").raw(&u64::MAX.to_le_bytes()).stop(),
        new().raw(b"\x8d").raw(&(1_u64 << 62).to_le_bytes()).stop(),
        new().raw(b"B\xff\xff\xff\xff").stop(),
        new().raw(b"\x95").raw(&u64::MAX.to_le_bytes()).raw(b"N").stop(),
        new().raw(b"\x8b\xff\xff\xff\x7f").stop(),
    ] {
        assert_eq!(fault(payload), PickleFault::Truncated);
    }
    let shapes: [fn(Assembler) -> Assembler; 5] = [
        |begun| begun.integer(1 << 60).raw(b"\x85"),
        |begun| begun.integer(1 << 40).integer(1 << 40).raw(b"\x86"),
        |begun| begun.integer(0).integer(i64::MAX).integer(i64::MAX).raw(b"\x87"),
        |begun| begun.integer(-1).raw(b"\x85"),
        |begun| begun.raw(b"(").repeat(100, b"K\x01").raw(b"t"),
    ];
    for shape in shapes {
        let error = fault(array("f4", shape, |begun| begun.bytes(&[0; 4])));
        assert!(matches!(error, PickleFault::Malformed(_) | PickleFault::Tensor(_)), "{error}");
    }
}

#[test]
fn unsupported_dtypes_are_refused_by_code() {
    for code in ["\u{1b}", "", "x4", "4f", "f4,i4"] {
        let payload = array(code, |begun| begun.raw(b"K\x01\x85"), |begun| begun.bytes(&[0; 16]));
        assert_eq!(fault(payload), PickleFault::Malformed("dtype"), "NumPy has no {code:?}");
    }
    for code in ["c8", "M8", "S3", "V16", "U0", "U9999999999", "f16", "O"] {
        let payload = array(code, |begun| begun.raw(b"K\x01\x85"), |begun| begun.bytes(&[0; 16]));
        assert_eq!(fault(payload), PickleFault::Unsupported(format!("dtype {code:?}")));
    }
}

#[test]
fn a_duplicate_key_is_refused() {
    let twice = new().global("a", "B").raw(b")\x81}(").text("plddt").raw(b"K\x01").text("plddt").raw(b"K\x02ub").stop();
    assert_eq!(fault(twice), PickleFault::DuplicateKey("plddt".into()));
}

#[test]
fn bytes_after_the_end_are_refused() {
    let mut payload = new().raw(b"N").stop();
    payload.extend_from_slice(b"cos\nsystem\n)R.");
    assert_eq!(fault(payload), PickleFault::Trailing(14));
    assert_eq!(fault(b"(dp0\n.".to_vec()), PickleFault::Header);
    assert_eq!(fault(vec![0x80, 6, b'N', b'.']), PickleFault::Header);
    assert_eq!(fault(Vec::new()), PickleFault::Header);
}

#[test]
fn every_fixture_cut_at_every_byte_is_an_error() {
    for path in fixtures::paths() {
        let payload = Bytes::from(std::fs::read(&path).unwrap());
        // For the large one, only the bytes around its instructions.
        let length = payload.len();
        for cut in (0..length).filter(|cut| length < 8000 || *cut < 400 || *cut + 4000 > length) {
            assert!(
                decode(&payload.slice(..cut), &ResponseLimits::default()).is_err(),
                "{} cut at {cut}",
                path.display()
            );
        }
    }
}

/// A deterministic generator of bits.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }
}

/// Changes a few bytes, copies a range over another, or removes one.
fn mutate(noise: &mut Noise, bytes: &mut Vec<u8>) {
    for _ in 0..=noise.below(4) {
        if bytes.is_empty() {
            return;
        }
        let place = noise.below(bytes.len());
        let end = (place + 1 + noise.below(12)).min(bytes.len());
        match noise.below(4) {
            0 => bytes[place] ^= 1 << noise.below(8),
            1 => bytes[place] = u8::try_from(noise.below(256)).unwrap(),
            2 => drop(bytes.drain(place..end)),
            _ => bytes.extend_from_within(place..end),
        }
    }
}

#[test]
fn flipped_bits_only_cause_errors() {
    // The corpus that the fuzzer found, in addition to Python's pickles.
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/pickle");
    let found = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path());
    let seeds: Vec<Vec<u8>> =
        fixtures::paths().into_iter().chain(found).map(|path| std::fs::read(path).unwrap()).collect();
    let mut noise = Noise(20_240_607);
    let limits = ResponseLimits { allocation: 64 << 20, ..ResponseLimits::default() };
    let mut refused = 0;
    for _ in 0..10_000 {
        let mut bytes = seeds[noise.below(seeds.len())].clone();
        bytes.truncate(8000);
        mutate(&mut noise, &mut bytes);
        refused += usize::from(decode(&bytes.into(), &limits).is_err());
    }
    assert!(refused > 5_000, "most changes break a pickle, {refused} did");
}

#[test]
fn a_changed_envelope_never_opens() {
    let sealed = envelope::seal(b"some payload", "secret");
    let mut noise = Noise(7);
    for _ in 0..10_000 {
        let mut body = sealed.clone();
        mutate(&mut noise, &mut body);
        let mut reader = envelope::EnvelopeReader::new(&ResponseLimits::default(), "secret", None);
        let cut = noise.below(body.len());
        let pushed = reader.push(&body[..cut]).and_then(|()| reader.push(&body[cut..]));
        if pushed.is_ok()
            && let Ok(payload) = reader.finish()
        {
            assert_eq!(payload, "some payload", "{}", String::from_utf8_lossy(&body));
        }
    }
}
