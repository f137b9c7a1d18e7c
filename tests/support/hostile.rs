//! Malicious pickles, assembled instruction by instruction.

/// Writes the instructions of a pickle.
pub struct Assembler(Vec<u8>);

impl Assembler {
    pub fn new() -> Self {
        Self(vec![0x80, 4])
    }

    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// `GLOBAL`
    pub fn global(self, module: &str, name: &str) -> Self {
        self.raw(format!("c{module}\n{name}\n").as_bytes())
    }

    /// `BINUNICODE`
    pub fn text(self, text: &str) -> Self {
        let length = u32::try_from(text.len()).unwrap();
        self.raw(b"X").raw(&length.to_le_bytes()).raw(text.as_bytes())
    }

    /// `BINBYTES`
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let length = u32::try_from(bytes.len()).unwrap();
        self.raw(b"B").raw(&length.to_le_bytes()).raw(bytes)
    }

    /// `LONG1` of eight bytes
    pub fn integer(self, number: i64) -> Self {
        self.raw(&[0x8a, 8]).raw(&number.to_le_bytes())
    }

    /// The same instructions many times.
    pub fn repeat(self, count: usize, bytes: &[u8]) -> Self {
        self.raw(&bytes.repeat(count))
    }

    /// A `NumPy` dtype of this code and byte order.
    pub fn dtype(self, code: &str, order: &str, size: i64) -> Self {
        self.global("numpy", "dtype")
            .text(code)
            .raw(b"\x89\x88\x87R(K\x03")
            .text(order)
            .raw(b"NNN")
            .integer(size)
            .raw(b"K\x04K\x08tb")
    }

    /// The pickle, ended by `STOP`.
    pub fn stop(self) -> Vec<u8> {
        self.raw(b".").0
    }
}

/// What a bomb does, and a function that builds its pickle.
pub type Bomb = (&'static str, fn() -> Vec<u8>);

/// Pickles that ask for more memory, time or depth than any response needs.
pub const BOMBS: [Bomb; 15] = [
    // Each list contains the previous one ten times: 10⁴⁰ items in the end.
    ("billion laughs", || {
        let lists = new().raw(b"]\x94");
        lists.repeat(40, b"](h\x00h\x00h\x00h\x00h\x00h\x00h\x00h\x00h\x00h\x00eq\x00").stop()
    }),
    ("a text shared without end", || new().text(&mega()).raw(b"\x94](").repeat(100_000, b"h\x00").raw(b"e").stop()),
    ("an empty list shared without end", || new().raw(b"]\x94](").repeat(6_000_000, b"h\x00").raw(b"e").stop()),
    ("text turned into bytes without end", || {
        let call =
            new().global("_codecs", "encode").raw(b"\x94").text(&mega()).raw(b"\x94").text("latin1").raw(b"\x94");
        call.repeat(100_000, b"h\x00h\x01h\x02\x86R").stop()
    }),
    ("an array rearranged without end", || {
        let parts = new().bytes(mega().as_bytes()).raw(b"\x94").dtype("u1", "|", -1).raw(b"\x94");
        let parts = parts.global("numpy._core.multiarray", "_reconstruct").raw(b"\x94");
        let parts = parts.global("numpy", "ndarray").raw(b"\x94");
        parts.repeat(10_000, b"h\x02h\x03K\x00\x85C\x01b\x87R(K\x01M\x00\x04M\x00\x04\x86h\x01\x88h\x00tb").stop()
    }),
    ("a list of a million lists", || new().raw(b"](").repeat(5_000_000, b"]").raw(b"e").stop()),
    ("marks without end", || new().repeat(10_000_000, b"(").stop()),
    ("one value copied without end", || new().raw(b"N").repeat(10_000_000, b"2").stop()),
    ("lists nested in each other", || new().repeat(1_000_000, b"](").raw(b"N").repeat(1_000_000, b"e").stop()),
    ("tuples nested in each other", || new().raw(b"N").repeat(1_000_000, b"\x85").stop()),
    ("mappings nested in each other", || new().repeat(1_000_000, b"}N").raw(b"N").repeat(1_000_000, b"s").stop()),
    ("records nested in each other", || {
        let class = new().global("a", "B").raw(b"\x94").text("f").raw(b"\x94");
        class.repeat(100_000, b"h\x00)\x81}h\x01").raw(b"N").repeat(100_000, b"sb").stop()
    }),
    ("a memo entry far away", || new().raw(b"Nr\xff\xff\xff\xff").stop()),
    ("memo entries without end", || new().raw(b"N").repeat(10_000_000, b"\x94").stop()),
    ("a torch tensor that repeats one number", || {
        let header =
            b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}X\x0d\0\0\0little_endian\x88s.\
            \x80\x02(X\x07\0\0\0storagectorch\nByteStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x01NtQ.\
            \x80\x02]X\x01\0\0\x000a.\x01\0\0\0\0\0\0\0\x07";
        let storage = new().global("torch._utils", "_rebuild_tensor_v2").raw(b"(");
        let storage = storage.global("torch.storage", "_load_from_bytes").bytes(header).raw(b"\x85RK\x00");
        storage.integer(1 << 40).raw(b"\x85K\x00\x85\x89}tR").stop()
    }),
];

fn new() -> Assembler {
    Assembler::new()
}

fn mega() -> String {
    "x".repeat(1 << 20)
}
