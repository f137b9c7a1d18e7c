//! The allow-list: all classes and functions with a meaning in pickles. Does not call any of them.

use crate::tensor::DType;

/// The meaning of a dotted Python name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symbol {
    /// `numpy.ndarray`
    NdArray,
    /// `numpy.dtype`
    DType,
    /// `numpy.core.multiarray._reconstruct`: an array that gets its state later.
    Reconstruct,
    /// `numpy.core.numeric._frombuffer`
    FromBuffer,
    /// `numpy.core.multiarray.scalar`
    Scalar,
    /// `biotite.structure.AtomArray`
    AtomArray,
    /// `biotite.structure.AtomArrayStack`
    AtomArrayStack,
    /// `biotite.structure.BondList`
    BondList,
    /// `BondList._from_state`, biotite 1.6 and later.
    BondListFromState,
    /// `torch._utils._rebuild_tensor_v2`
    RebuildTensor,
    /// `torch.storage._load_from_bytes`
    LoadFromBytes,
    /// `torch.FloatStorage` and similar classes.
    TorchStorage(DType),
    /// `collections.OrderedDict`
    OrderedDict,
    /// `_codecs.encode`: how protocol 2 writes bytes.
    Encode,
    /// `builtins.getattr`
    GetAttr,
    /// `builtins.bytes`: how protocol 2 writes no bytes.
    Bytes,
    /// `builtins.bytearray`
    ByteArray,
    /// `builtins.set` and `builtins.frozenset`
    Set,
    /// A class or function of Python, `NumPy` or torch that only makes data, and that hydrotest does not read.
    Harmless,
    /// Any other name. May be the class of a record, but is never called.
    Unknown,
}

/// The classes of torch's storages that hydrotest reads.
pub(super) const STORAGES: [(&str, DType); 10] = [
    ("BoolStorage", DType::Bool),
    ("CharStorage", DType::I8),
    ("ShortStorage", DType::I16),
    ("IntStorage", DType::I32),
    ("LongStorage", DType::I64),
    ("ByteStorage", DType::U8),
    ("HalfStorage", DType::F16),
    ("BFloat16Storage", DType::BF16),
    ("FloatStorage", DType::F32),
    ("DoubleStorage", DType::F64),
];

/// Names of Python, `NumPy` and torch, by module, that a valid response may use and that hydrotest does not read.
///
/// Each only makes data from its arguments, so a response with one of them is not a fault of the backend. A name that can do anything
/// else must not be listed.
const HARMLESS: &[(&str, &str)] = &[
    ("builtins", "complex range slice list dict int float str tuple bool"),
    ("__builtin__", "complex xrange slice list dict int float unicode tuple bool"),
    ("collections", "defaultdict deque Counter"),
    ("datetime", "datetime date time timedelta timezone"),
    ("decimal", "Decimal"),
    ("fractions", "Fraction"),
    ("pathlib", "Path PosixPath PurePath PurePosixPath WindowsPath PureWindowsPath"),
    ("pathlib._local", "Path PosixPath PurePath PurePosixPath WindowsPath PureWindowsPath"),
    ("types", "SimpleNamespace"),
    ("numpy", "matrix recarray record void memmap"),
    ("numpy.rec", "recarray record"),
    ("numpy.ma", "MaskedArray"),
    ("numpy.ma.core", "MaskedArray _mareconstruct"),
    ("numpy._core._internal", "_convert_to_stringdtype_kwargs"),
    ("numpy.matrixlib.defmatrix", "matrix"),
    (
        "torch",
        "Size device Tensor bool uint8 uint16 uint32 uint64 int8 int16 int32 int64 float16 bfloat16 float32 \
         float64 complex32 complex64 complex128 float8_e4m3fn float8_e5m2 per_tensor_affine \
         per_channel_affine ComplexFloatStorage ComplexDoubleStorage QInt8Storage QUInt8Storage QInt32Storage",
    ),
    ("torch.storage", "UntypedStorage TypedStorage"),
    ("torch.serialization", "_get_layout"),
    ("torch.nn.parameter", "Parameter"),
    (
        "torch._utils",
        "_rebuild_tensor _rebuild_tensor_v3 _rebuild_parameter _rebuild_sparse_tensor _rebuild_nested_tensor \
         _rebuild_qtensor _rebuild_meta_tensor_no_storage",
    ),
    ("torch._tensor", "_rebuild_from_type_v2"),
];

fn is_harmless(module: &str, name: &str) -> bool {
    HARMLESS.iter().any(|(known, names)| *known == module && names.split(' ').any(|known| known == name))
}

impl Symbol {
    /// The meaning of a name in a module.
    pub(super) fn resolve(module: &str, name: &str) -> Self {
        match (module, name) {
            ("numpy", "ndarray") => Self::NdArray,
            ("numpy", "dtype") => Self::DType,
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => Self::Reconstruct,
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Self::Scalar,
            ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => Self::FromBuffer,
            ("biotite.structure" | "biotite.structure.atoms", "AtomArray") => Self::AtomArray,
            ("biotite.structure" | "biotite.structure.atoms", "AtomArrayStack") => Self::AtomArrayStack,
            ("biotite.structure" | "biotite.structure.bonds", "BondList") => Self::BondList,
            ("biotite.structure" | "biotite.structure.bonds", "BondList._from_state") => Self::BondListFromState,
            ("torch._utils", "_rebuild_tensor_v2") => Self::RebuildTensor,
            ("torch.storage", "_load_from_bytes") => Self::LoadFromBytes,
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("_codecs", "encode") => Self::Encode,
            // Protocol 2 names the module as Python 2 did.
            ("builtins" | "__builtin__", "getattr") => Self::GetAttr,
            ("builtins" | "__builtin__", "bytes") => Self::Bytes,
            ("builtins" | "__builtin__", "bytearray") => Self::ByteArray,
            ("builtins" | "__builtin__", "set" | "frozenset") => Self::Set,
            _ if is_harmless(module, name) => Self::Harmless,
            ("torch", _) => {
                let storage = STORAGES.iter().find(|(class, _)| *class == name);
                storage.map_or(Self::Unknown, |&(_, dtype)| Self::TorchStorage(dtype))
            }
            _ => Self::Unknown,
        }
    }

    /// Whether an object of this class is made without arguments and gets its state later.
    pub(super) const fn takes_state(self) -> bool {
        matches!(self, Self::AtomArray | Self::AtomArrayStack | Self::BondList)
    }

    /// The name in messages of an object that never got its state.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Reconstruct => "array without state",
            Self::AtomArray | Self::AtomArrayStack => "structure without state",
            Self::BondList => "bond list without state",
            _ => "object without state",
        }
    }
}

/// Whether a text is a name of a class or module, with dots. Only such names are shown in messages and records.
pub(super) fn is_dotted_name(text: &str) -> bool {
    const LONGEST: usize = 256;
    let is_name = |part: &str| {
        part.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    };
    text.len() <= LONGEST && text.split('.').all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_names_have_a_meaning() {
        assert_eq!(Symbol::resolve("numpy._core.multiarray", "_reconstruct"), Symbol::Reconstruct);
        assert_eq!(Symbol::resolve("torch", "BFloat16Storage"), Symbol::TorchStorage(DType::BF16));
        for (module, name) in [("os", "system"), ("builtins", "eval"), ("torch", "load"), ("numpy", "load")] {
            assert_eq!(Symbol::resolve(module, name), Symbol::Unknown);
        }
    }

    #[test]
    fn names_with_anything_but_letters_and_dots_are_malformed() {
        assert!(is_dotted_name("boileroom.models.esm.types"));
        for text in ["", "os.", "a b", "x\u{1b}[31m", "..", "1a", &"a".repeat(300)] {
            assert!(!is_dotted_name(text), "{text:?}");
        }
    }

    #[test]
    fn what_could_run_something_is_not_listed() {
        assert!(is_harmless("datetime", "datetime") && is_harmless("numpy.ma.core", "_mareconstruct"));
        for (module, name) in [
            ("builtins", "eval"),
            ("builtins", "type"),
            ("builtins", "getattr"),
            ("numpy", "load"),
            ("torch", "load"),
            ("functools", "partial"),
            ("copyreg", "_reconstructor"),
        ] {
            assert!(!is_harmless(module, name), "{module}.{name}");
        }
    }
}
