//! Measures how fast matrices of aligned errors are compared, next to the plain sum of the same bytes.

use std::hint::black_box;

use hydrotest::compare::compare_pae;
use hydrotest::config::Config;
use hydrotest::metric::{difference, pae_error};
use hydrotest::metric_value::NoiseFloor;
use hydrotest::tensor::{DType, Tensor};

use super::timing::{Timing, digits, time};

/// Number of residues, and of matrix pairs used in turn: one pair stays in the cache, many have to be read from memory.
const RESIDUES: usize = 413;
const PAIRS: [usize; 2] = [1, 128];

/// Two matrices that differ a little everywhere.
fn matrices(pair: usize) -> [Vec<f32>; 2] {
    let value = |cell: usize| ((cell * 7919 + pair * 31) % 32_000) as f32 / 1000.0;
    let first: Vec<f32> = (0..RESIDUES * RESIDUES).map(value).collect();
    // Noise of a few hundredths, as between repeated calls.
    let mut state = pair as u64 + 1;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32 * 0.04
    };
    let second = first.iter().map(|error| error + noise()).collect();
    [first, second]
}

fn tensor(values: &[f32]) -> Tensor {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Tensor::new(DType::F32, vec![RESIDUES, RESIDUES], bytes.into()).expect("a matrix")
}

/// Adds all words of two matrices: the least work that touches every byte.
fn sum(values: &[Vec<f32>; 2]) -> u32 {
    values.iter().flatten().fold(0u32, |sum, value| sum.wrapping_add(value.to_bits()))
}

pub fn report() {
    println!("\n{RESIDUES} × {RESIDUES} aligned errors, float32    median (quartiles)        GB/s");
    let bytes = (2 * 4 * RESIDUES * RESIDUES) as f64;
    let row = |what: &str, timing: Timing| {
        let speed = digits(bytes / timing.median / 1e9);
        println!("{what:<44} {:<24} {speed:>6}", timing.show());
    };
    for pairs in PAIRS {
        let place = if pairs == 1 { "in the cache" } else { "from memory" };
        let values: Vec<[Vec<f32>; 2]> = (0..pairs).map(matrices).collect();
        let tensors: Vec<[Tensor; 2]> = values.iter().map(|pair| [tensor(&pair[0]), tensor(&pair[1])]).collect();
        let (chains, confident) = ([0; RESIDUES], [true; RESIDUES]);
        let mut turn = (0..pairs).cycle();
        let mut next = || turn.next().unwrap_or_default();
        row(&format!("plain sum, {place}"), time(|| sum(black_box(&values[next()]))));
        let compare = |[first, second]: &[Vec<f32>; 2]| pae_error(second, first, &chains, &confident);
        row(&format!("pae_error, {place}"), time(|| compare(&values[next()])));
        let compare = |[first, second]: &[Tensor; 2]| difference(first, second, 0.05, 0.0);
        row(&format!("difference, {place}"), time(|| compare(&tensors[next()])));
    }
    // Everything that a model's gates compute on aligned errors, starting from the double precision that checks use.
    let wide = matrices(0).map(|matrix| matrix.into_iter().map(f64::from).collect::<Vec<f64>>());
    let contract = Config::built_in().expect("the built-in configuration");
    let contract = contract.model("esmfold").expect("a built-in model");
    let (gates, floor) = (contract.gates.structure.expect("gates"), NoiseFloor::unknown());
    let sure = [0.9; RESIDUES];
    row(
        "all measures by gates, in the cache",
        time(|| compare_pae(&wide[0], &wide[1], (&sure, &sure), &gates, &floor)),
    );
}
