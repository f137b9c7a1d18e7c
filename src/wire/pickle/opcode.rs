//! The instruction set of pickle: bytes and their names in Python's `pickletools`. Does not know their meaning.

macro_rules! opcodes {
    (known { $($name:ident = $byte:literal,)* }
     older { $($older:ident = $old:literal,)* }
     refused { $($other:ident = $code:literal,)* }) => {
        $(pub(super) const $name: u8 = $byte;)*

        /// The name of an instruction in Python's documentation.
        pub(super) const fn name(byte: u8) -> Option<&'static str> {
            match byte {
                $($byte => Some(stringify!($name)),)*
                $($old => Some(stringify!($older)),)*
                $($code => Some(stringify!($other)),)*
                _ => None,
            }
        }

        /// Whether Python writes an instruction in protocols 0 and 1 only. Such an instruction only makes data.
        pub(super) const fn is_older(byte: u8) -> bool {
            matches!(byte, $($old)|*)
        }
    };
}

opcodes! {
    known {
        PROTO = 0x80, FRAME = 0x95, STOP = 0x2e,
        NONE = 0x4e, NEWTRUE = 0x88, NEWFALSE = 0x89, BINFLOAT = 0x47,
        BININT = 0x4a, BININT1 = 0x4b, BININT2 = 0x4d, LONG1 = 0x8a, LONG4 = 0x8b,
        SHORT_BINUNICODE = 0x8c, BINUNICODE = 0x58, BINUNICODE8 = 0x8d,
        SHORT_BINBYTES = 0x43, BINBYTES = 0x42, BINBYTES8 = 0x8e, BYTEARRAY8 = 0x96,
        EMPTY_LIST = 0x5d, APPEND = 0x61, APPENDS = 0x65, LIST = 0x6c,
        EMPTY_TUPLE = 0x29, TUPLE = 0x74, TUPLE1 = 0x85, TUPLE2 = 0x86, TUPLE3 = 0x87,
        EMPTY_DICT = 0x7d, DICT = 0x64, SETITEM = 0x73, SETITEMS = 0x75,
        EMPTY_SET = 0x8f, ADDITEMS = 0x90, FROZENSET = 0x91,
        MARK = 0x28, POP = 0x30, POP_MARK = 0x31, DUP = 0x32,
        MEMOIZE = 0x94, BINPUT = 0x71, LONG_BINPUT = 0x72, BINGET = 0x68, LONG_BINGET = 0x6a,
        GLOBAL = 0x63, STACK_GLOBAL = 0x93, REDUCE = 0x52, BUILD = 0x62, NEWOBJ = 0x81, NEWOBJ_EX = 0x92,
        BINPERSID = 0x51, NEXT_BUFFER = 0x97, READONLY_BUFFER = 0x98,
    }
    older {
        INT = 0x49, LONG = 0x4c, FLOAT = 0x46, GET = 0x67, PUT = 0x70,
        STRING = 0x53, BINSTRING = 0x54, SHORT_BINSTRING = 0x55, UNICODE = 0x56,
    }
    // Instructions that call a class, or ask for objects from outside the stream.
    refused {
        EXT1 = 0x82, EXT2 = 0x83, EXT4 = 0x84, INST = 0x69, OBJ = 0x6f, PERSID = 0x50,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_bear_pythons_names() {
        assert_eq!(name(b'.'), Some("STOP"));
        assert_eq!(name(STACK_GLOBAL), Some("STACK_GLOBAL"));
        assert_eq!(name(b'i'), Some("INST"));
        assert_eq!(name(0xff), None);
        assert!(is_older(b'p') && !is_older(b'i') && !is_older(STOP));
    }
}
