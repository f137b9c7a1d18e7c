//! The common rotamers of every side chain, best first. A table; packing chooses.

/// Side-chain torsions in degrees, zero past the last one.
type Rotamer = [f64; 4];

// S. C. Lovell et al., "The penultimate rotamer library", Proteins 40:389 (2000): modal values, the frequent ones of each
// residue.
static ARG: [Rotamer; 11] = [
    [-67.0, 180.0, 180.0, 180.0],
    [-177.0, 180.0, 180.0, 180.0],
    [-67.0, 180.0, 180.0, -85.0],
    [-67.0, 180.0, 180.0, 85.0],
    [-62.0, -68.0, 180.0, 180.0],
    [-177.0, 180.0, 65.0, 85.0],
    [62.0, 180.0, 180.0, 180.0],
    [-177.0, 65.0, 180.0, 180.0],
    [-67.0, 180.0, 65.0, -175.0],
    [-67.0, 180.0, -65.0, -85.0],
    [62.0, 180.0, 65.0, 85.0],
];
static ASN: [Rotamer; 7] = [
    two(-65.0, -20.0),
    two(-174.0, -20.0),
    two(-177.0, 30.0),
    two(-65.0, -75.0),
    two(-65.0, 120.0),
    two(62.0, -10.0),
    two(62.0, 30.0),
];
static ASP: [Rotamer; 5] = [
    two(-70.0, -15.0),
    two(-177.0, 0.0),
    two(-177.0, 65.0),
    two(62.0, -10.0),
    two(62.0, 30.0),
];
static CYS: [Rotamer; 3] = [one(-65.0), one(-177.0), one(62.0)];
static GLN: [Rotamer; 7] = [
    three(-67.0, 180.0, -25.0),
    three(-177.0, 180.0, 0.0),
    three(-65.0, -65.0, -40.0),
    three(62.0, 180.0, 20.0),
    three(-177.0, 65.0, 60.0),
    three(-65.0, 85.0, 0.0),
    three(70.0, -75.0, 0.0),
];
static GLU: [Rotamer; 7] = [
    three(-67.0, 180.0, -10.0),
    three(-177.0, 180.0, 0.0),
    three(-65.0, -65.0, -40.0),
    three(-177.0, 65.0, 10.0),
    three(62.0, 180.0, -20.0),
    three(-65.0, 85.0, 0.0),
    three(70.0, -80.0, 0.0),
];
static HIS: [Rotamer; 7] = [
    two(-65.0, -70.0),
    two(-177.0, 60.0),
    two(-65.0, 80.0),
    two(-177.0, -80.0),
    two(-65.0, 165.0),
    two(62.0, -75.0),
    two(62.0, 80.0),
];
static ILE: [Rotamer; 5] = [
    two(-65.0, 170.0),
    two(-57.0, -60.0),
    two(62.0, 170.0),
    two(-177.0, 165.0),
    two(-177.0, 66.0),
];
static LEU: [Rotamer; 5] = [
    two(-65.0, 175.0),
    two(-177.0, 65.0),
    two(-85.0, 65.0),
    two(-172.0, 145.0),
    two(62.0, 80.0),
];
static LYS: [Rotamer; 9] = [
    [-67.0, 180.0, 180.0, 180.0],
    [-177.0, 180.0, 180.0, 180.0],
    [-62.0, -68.0, 180.0, 180.0],
    [62.0, 180.0, 180.0, 180.0],
    [-177.0, 68.0, 180.0, 180.0],
    [-67.0, 180.0, 68.0, 180.0],
    [-67.0, 180.0, -68.0, 180.0],
    [-67.0, 180.0, 180.0, 65.0],
    [-67.0, 180.0, 180.0, -65.0],
];
static MET: [Rotamer; 8] = [
    three(-65.0, -65.0, -70.0),
    three(-67.0, 180.0, 75.0),
    three(-67.0, 180.0, 180.0),
    three(-67.0, 180.0, -75.0),
    three(-177.0, 65.0, 75.0),
    three(-177.0, 180.0, 75.0),
    three(-65.0, -65.0, 180.0),
    three(62.0, 180.0, 75.0),
];
/// Phenylalanine and tyrosine.
static PHE: [Rotamer; 5] = [
    two(-65.0, -85.0),
    two(-177.0, 80.0),
    two(62.0, 90.0),
    two(-65.0, -30.0),
    two(-177.0, 50.0),
];
/// The ring's two puckers, of which the sign of chi 1 is used.
static PRO: [Rotamer; 2] = [two(-27.0, 36.0), two(27.0, -36.0)];
static SER: [Rotamer; 3] = [one(62.0), one(-65.0), one(-177.0)];
static THR: [Rotamer; 3] = [one(-65.0), one(62.0), one(-175.0)];
static TRP: [Rotamer; 7] = [
    two(-65.0, 95.0),
    two(-177.0, -105.0),
    two(-177.0, 90.0),
    two(-65.0, 5.0),
    two(62.0, -90.0),
    two(-65.0, -90.0),
    two(62.0, 90.0),
];
static VAL: [Rotamer; 3] = [one(175.0), one(-60.0), one(63.0)];

/// The rotamers of an amino acid by its letter; none where there is nothing to turn.
pub(super) fn by_letter(letter: char) -> &'static [Rotamer] {
    match letter {
        'R' => &ARG,
        'N' => &ASN,
        'D' => &ASP,
        'C' => &CYS,
        'Q' => &GLN,
        'E' => &GLU,
        'H' => &HIS,
        'I' => &ILE,
        'L' => &LEU,
        'K' => &LYS,
        'M' => &MET,
        'F' | 'Y' => &PHE,
        'P' => &PRO,
        'S' => &SER,
        'T' => &THR,
        'W' => &TRP,
        'V' => &VAL,
        _ => &[],
    }
}

const fn one(first: f64) -> Rotamer {
    [first, 0.0, 0.0, 0.0]
}

const fn two(first: f64, second: f64) -> Rotamer {
    [first, second, 0.0, 0.0]
}

const fn three(first: f64, second: f64, third: f64) -> Rotamer {
    [first, second, third, 0.0]
}
