//! Names of Python, `NumPy` and torch that a valid response may use and that hydrotest does not read. Does not call any of them.
//!
//! Each only makes data from its arguments, so a response with one of them is not a fault of the backend. A name that can do anything
//! else must not be listed.

/// The modules, each with its names.
const NAMES: &[(&str, &str)] = &[
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

/// Whether a name in a module is one of these.
pub(super) fn is_listed(module: &str, name: &str) -> bool {
    NAMES.iter().any(|(known, names)| *known == module && names.split(' ').any(|known| known == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_run_something_is_not_listed() {
        assert!(is_listed("datetime", "datetime") && is_listed("numpy.ma.core", "_mareconstruct"));
        for (module, name) in [
            ("builtins", "eval"),
            ("builtins", "type"),
            ("builtins", "getattr"),
            ("numpy", "load"),
            ("torch", "load"),
            ("functools", "partial"),
            ("copyreg", "_reconstructor"),
        ] {
            assert!(!is_listed(module, name), "{module}.{name}");
        }
    }
}
