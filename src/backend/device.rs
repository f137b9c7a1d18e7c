//! Recognises errors of the device in the messages of models: out of memory, that of the machine included, and errors after which a
//! process can no longer use its GPU. Reads text; does not restart a process.

use super::Fault;

/// Messages of `PyTorch`, its libraries and `NumPy` when the memory of a device or machine is exhausted.
const MEMORY: [&str; 8] = [
    "CUDA out of memory",
    "CUDA error: out of memory",
    "HIP out of memory",
    "MPS backend out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "Unable to allocate ",
];
pub(super) const MORE_MEMORY: &str = "the memory of the device or the machine is too small: use a bigger GPU or machine, a smaller model (`model_name`), or fewer instances on one";

/// Messages when the GPU itself is broken, taken or absent, whatever the call is. Before those after which a process is useless: they
/// begin alike, and `PyTorch` ends each with a hint at device-side assertions.
const HARDWARE: [&str; 4] = [
    "uncorrectable ECC",
    "devices are busy or unavailable",
    "device(s) is/are busy or unavailable",
    "no CUDA-capable device",
];
const OTHER_GPU: &str =
    "the GPU itself is broken, taken by another process or absent: look at `nvidia-smi`, or use another GPU";

/// Messages after which every later call of the process fails. An assertion on the device is reported by the next
/// call, whatever that call is.
const POISONED: [&str; 4] = ["device-side assert", "CUDA error:", "HIP error:", "CUDNN_STATUS_EXECUTION_FAILED"];
const RESTARTED: &str =
    "an error of the GPU makes every later call of the process fail: the instance is restarted before the next call";

/// The fault and the advice if a message is an error of the device.
pub(super) fn of_words(message: &str) -> Option<(Fault, &'static str)> {
    let is_in_message = |known: &&str| message.contains(*known);
    if MEMORY.iter().any(is_in_message) {
        return Some((Fault::OutOfMemory, MORE_MEMORY));
    }
    if HARDWARE.iter().any(is_in_message) {
        return Some((Fault::Unreachable, OTHER_GPU));
    }
    POISONED.iter().any(is_in_message).then_some((Fault::Poisoned, RESTARTED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Responsible;

    #[test]
    fn memory_is_told_from_errors_that_poison_a_process() {
        let fault = |words: &str| of_words(words).map(|(fault, _)| fault);
        let words = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 14.58 GiB";
        assert_eq!(fault(words), Some(Fault::OutOfMemory));
        assert_eq!(fault("CUDA error: out of memory"), Some(Fault::OutOfMemory));
        let words = "Unable to allocate 12.0 GiB for an array with shape (3221225472,) and data type float32";
        assert_eq!(fault(words), Some(Fault::OutOfMemory));
        assert_eq!(fault("CUDA error: device-side assert triggered"), Some(Fault::Poisoned));
        assert_eq!(fault("Invalid amino acid(s): X"), None);
    }

    #[test]
    fn a_gpu_that_cannot_be_used_is_not_the_models_doing() {
        let hint = "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.";
        for words in [
            "CUDA error: uncorrectable ECC error encountered",
            "CUDA error: all CUDA-capable devices are busy or unavailable",
            "CUDA error: CUDA-capable device(s) is/are busy or unavailable",
            "CUDA error: no CUDA-capable device is detected",
        ] {
            let (fault, _) = of_words(&format!("{words}\n{hint}")).unwrap();
            assert_eq!((fault, fault.responsible()), (Fault::Unreachable, Responsible::Platform), "{words}");
            assert!(!fault.leaves_usable());
        }
    }
}
