//! What a model's words say about the device it runs on: memory that is too small, and errors after which a process can use its
//! GPU no more. Reads words; restarts nothing.

use super::Fault;

/// What `PyTorch` and its libraries say where the memory of a device or machine is used up.
const MEMORY: [&str; 7] = [
    "CUDA out of memory",
    "CUDA error: out of memory",
    "HIP out of memory",
    "MPS backend out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
];
const MORE_MEMORY: &str = "the memory of the device is too small: use a bigger GPU, a smaller model (`model_name`), or fewer instances on one GPU";

/// What they say once an error has made every later call of the process fail. An assertion on the device is reported by
/// whichever call comes next.
const POISONED: [&str; 4] = ["device-side assert", "CUDA error:", "HIP error:", "CUDNN_STATUS_EXECUTION_FAILED"];
const RESTARTED: &str =
    "an error of the GPU makes every later call of the process fail: the instance is restarted before the next call";

/// The fault and the advice where words are about the device.
pub(super) fn of_words(words: &str) -> Option<(Fault, &'static str)> {
    let say = |known: &&str| words.contains(*known);
    if MEMORY.iter().any(say) {
        return Some((Fault::OutOfMemory, MORE_MEMORY));
    }
    POISONED.iter().any(say).then_some((Fault::Poisoned, RESTARTED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_from_errors_that_poison_a_process() {
        let fault = |words: &str| of_words(words).map(|(fault, _)| fault);
        let words = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 14.58 GiB";
        assert_eq!(fault(words), Some(Fault::OutOfMemory));
        assert_eq!(fault("CUDA error: out of memory"), Some(Fault::OutOfMemory));
        assert_eq!(fault("CUDA error: device-side assert triggered"), Some(Fault::Poisoned));
        assert_eq!(fault("Invalid amino acid(s): X"), None);
    }
}
