//! Secondary structure from the propensities of Chou and Fasman, smoothed along the chain. A scale, not a prediction.

use crate::protein::residue::AMINO_ACIDS;

/// Local structure of a residue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Local {
    Helix,
    Strand,
    Coil,
}

/// One residue's local structure and how strongly its surroundings favour it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Assignment {
    pub local: Local,
    /// 0 where coil or barely favoured, 1 where strongly favoured.
    pub strength: f64,
}

/// Conformational parameters for helix, strand and turn, times 100, in the order of [`AMINO_ACIDS`]: P. Y. Chou and
/// G. D. Fasman, Adv. Enzymol. 47:45-148 (1978).
static CHOU_FASMAN: [[u8; 3]; 20] = [
    [142, 83, 66],  // A
    [98, 93, 95],   // R
    [67, 89, 156],  // N
    [101, 54, 146], // D
    [70, 119, 119], // C
    [111, 110, 98], // Q
    [151, 37, 74],  // E
    [57, 75, 156],  // G
    [100, 87, 95],  // H
    [108, 160, 47], // I
    [121, 130, 59], // L
    [114, 74, 101], // K
    [145, 105, 60], // M
    [113, 138, 60], // F
    [57, 55, 152],  // P
    [77, 75, 143],  // S
    [83, 119, 96],  // T
    [108, 137, 96], // W
    [69, 147, 114], // Y
    [106, 170, 50], // V
];

/// Weights of the smoothing window, the residue itself in the middle.
const WINDOW: [f64; 7] = [1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0];

/// Shortest stretches worth calling a helix or a strand.
const SHORTEST_HELIX: usize = 5;
const SHORTEST_STRAND: usize = 3;

/// Longest stretches, and the coil that breaks longer ones.
const LONGEST_HELIX: usize = 16;
const LONGEST_STRAND: usize = 7;
const TURN: usize = 3;

/// Helix, strand and turn parameters of one kind of residue, by its index in [`AMINO_ACIDS`].
pub(super) fn propensities(amino: usize) -> [f64; 3] {
    CHOU_FASMAN
        .get(amino)
        .map_or([1.0; 3], |row| row.map(|value| f64::from(value) / 100.0))
}

/// The local structure of every residue of a chain, given by indices into [`AMINO_ACIDS`].
pub(super) fn assign(residues: &[usize]) -> Vec<Assignment> {
    let mut assigned: Vec<Assignment> = (0..residues.len())
        .map(|index| favoured(smoothed(residues, index)))
        .collect();
    for index in 1..residues.len() {
        // Proline fits only the first turn of a helix, and the residue before it takes no helical torsions.
        if AMINO_ACIDS[residues[index]].letter == 'P' {
            assigned[index - 1] = COIL;
        }
    }
    for index in 1..residues.len() {
        // Helix and strand need a loop between them to turn in.
        if assigned[index].local != assigned[index - 1].local && assigned[index - 1].local != Local::Coil {
            assigned[index] = COIL;
        }
    }
    break_long(&mut assigned);
    drop_short(&mut assigned);
    assigned
}

const COIL: Assignment = Assignment {
    local: Local::Coil,
    strength: 0.0,
};

fn smoothed(residues: &[usize], index: usize) -> [f64; 3] {
    let half = WINDOW.len() / 2;
    let (mut sum, mut weights) = ([0.0; 3], 0.0);
    for (offset, weight) in WINDOW.iter().enumerate() {
        let Some(&amino) = (index + offset).checked_sub(half).and_then(|at| residues.get(at)) else {
            continue;
        };
        for (total, value) in sum.iter_mut().zip(propensities(amino)) {
            *total += weight * value;
        }
        weights += weight;
    }
    sum.map(|total| total / weights)
}

fn favoured([helix, strand, turn]: [f64; 3]) -> Assignment {
    let strength = |value: f64| ((value - 0.95) / 0.35).clamp(0.0, 1.0);
    if helix >= 1.0 && helix >= strand && helix + 0.05 >= turn {
        Assignment {
            local: Local::Helix,
            strength: strength(helix),
        }
    } else if strand >= 1.0 && strand + 0.05 >= turn {
        Assignment {
            local: Local::Strand,
            strength: strength(strand),
        }
    } else {
        COIL
    }
}

/// Breaks stretches longer than proteins of ordinary size have, so that the chain can turn back on itself.
fn break_long(assigned: &mut [Assignment]) {
    for run in assigned.chunk_by_mut(|before, after| before.local == after.local) {
        let longest = match run[0].local {
            Local::Helix => LONGEST_HELIX,
            Local::Strand => LONGEST_STRAND,
            Local::Coil => continue,
        };
        for (index, residue) in run.iter_mut().enumerate() {
            if index % (longest + TURN) >= longest {
                *residue = COIL;
            }
        }
    }
}

/// Turns stretches too short to hold, and both chain ends, into coil.
fn drop_short(assigned: &mut [Assignment]) {
    if let Some(first) = assigned.first_mut() {
        *first = COIL;
    }
    if let Some(last) = assigned.last_mut() {
        *last = COIL;
    }
    for run in assigned.chunk_by_mut(|before, after| before.local == after.local) {
        let shortest = match run[0].local {
            Local::Helix => SHORTEST_HELIX,
            Local::Strand => SHORTEST_STRAND,
            Local::Coil => 0,
        };
        if run.len() < shortest {
            run.fill(COIL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locals(sequence: &str) -> String {
        let residues: Vec<usize> = sequence
            .chars()
            .map(|letter| AMINO_ACIDS.iter().position(|amino| amino.letter == letter).unwrap())
            .collect();
        assign(&residues)
            .iter()
            .map(|assignment| match assignment.local {
                Local::Helix => 'H',
                Local::Strand => 'E',
                Local::Coil => '-',
            })
            .collect()
    }

    #[test]
    fn strong_formers_take_their_structure_and_breakers_none() {
        assert_eq!(locals("AEAAEAMEA"), "-HHHHHHH-");
        assert_eq!(locals("VIVYVIV"), "-EEEEE-");
        assert_eq!(locals("GPGSGPG"), "-------");
    }

    #[test]
    fn a_helix_ends_before_proline() {
        let locals = locals("AEAAEAMEAEALPEAAEAMEAEAL");
        assert_eq!(locals.as_bytes()[11], b'-');
        assert!(locals[..11].contains("HHHHH") && locals[12..].contains("HHHHH"));
    }
}
