//! Responses of three sizes. The largest is what `ESMFold` returns for 400 residues with all fields. The values are noise.

use bytes::Bytes;
use hydrotest::prediction::{Prediction, Record, Value};
use hydrotest::tensor::{DType, Tensor};
use hydrotest::wire::envelope::{EnvelopeReader, seal};
use hydrotest::wire::{ResponseLimits, pickle};

pub const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// Names of the sizes: the length of the JSON body.
pub const SIZES: [&str; 3] = ["10 kB", "1 MB", "273 MB"];
pub const LIMITS: ResponseLimits = ResponseLimits::DEFAULT;
/// Bytes per read from a socket.
const PIECE: usize = 64 << 10;

/// A prediction with as many fields over residue pairs as the size needs.
pub fn prediction(size: &str) -> Prediction {
    let residues = match size {
        "10 kB" => 2,
        "1 MB" => 24,
        _ => 400,
    };
    let mut noise = 0_u64;
    let mut pair = |name: &str, depth: usize| {
        let shape = vec![1, residues, residues, depth];
        let mut data = Vec::with_capacity(residues * residues * depth * 4);
        while data.len() < data.capacity() {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Ordinary numbers: a random mantissa under one exponent.
            data.extend((((noise >> 33) as u32 & 0x007f_ffff) | 0x3f80_0000).to_le_bytes());
        }
        let tensor = Tensor::new(DType::F32, shape, data.into());
        (name.to_owned(), tensor.map_or(Value::None, Value::Array))
    };
    let fields = [("s_z", 128), ("distogram_logits", 64), ("ptm_logits", 64), ("aligned_confidence_probs", 64)];
    let mut fields: Vec<_> = fields.iter().map(|&(name, depth)| pair(name, depth)).collect();
    let metadata = Record {
        class: "boileroom.base.PredictionMetadata".into(),
        fields: vec![
            ("model_name".into(), Value::Text("esmfold_v1".into())),
            ("sequence_lengths".into(), Value::List(vec![Value::Integer(residues as i64)])),
        ],
    };
    fields.insert(0, ("metadata".into(), Value::Record(metadata)));
    Prediction { class: "boileroom.models.esm.types.ESMFoldOutput".into(), fields }
}

pub fn payload(size: &str) -> Bytes {
    pickle::encode_prediction(&prediction(size)).unwrap_or_default()
}

pub fn body(size: &str) -> Vec<u8> {
    seal(&payload(size), SECRET)
}

/// Body to prediction, with the body arriving in pieces.
pub fn receive(body: &[u8]) -> Option<Prediction> {
    let mut reader = EnvelopeReader::new(&LIMITS, SECRET, Some(body.len() as u64));
    for piece in body.chunks(PIECE) {
        reader.push(piece).ok()?;
    }
    pickle::decode_prediction(&reader.finish().ok()?, None, &LIMITS).ok()
}

/// Body to prediction, with the body read in pieces from a file, like from a socket.
pub fn receive_file(path: &str) -> Option<Prediction> {
    use std::io::Read;

    let mut file = std::fs::File::open(path).ok()?;
    let mut reader = EnvelopeReader::new(&LIMITS, SECRET, Some(file.metadata().ok()?.len()));
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece).ok()? {
            0 => break,
            length => reader.push(piece.get(..length)?).ok()?,
        }
    }
    pickle::decode_prediction(&reader.finish().ok()?, None, &LIMITS).ok()
}
