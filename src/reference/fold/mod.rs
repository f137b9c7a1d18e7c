//! The folding models: synthetic structures with ideal geometry. Not predictors.

mod backbone;
mod chain;
mod geometry;
mod neighbours;
mod packing;
mod propensity;
mod random;
mod rigid;
mod rotamer;
mod side_chain;
mod trace;

#[cfg(test)]
mod lab {
    use super::*;
    use crate::protein::residue::AMINO_ACIDS;
    #[test]
    fn lab() {
        let seqs = std::fs::read_to_string("/work/shared/sequences.fasta").unwrap();
        let mut list: Vec<(String, String)> = crate::protein::fasta::parse(&seqs).unwrap().iter().map(|r| (r.name.to_string(), r.sequence.clone())).collect();
        let mut random = random::Random::new(5);
        for k in 0..200 {
            let n = 10 + (random.next() % 400) as usize;
            let kind = k % 4;
            let s: String = (0..n).map(|_| match kind { 0 | 1 => AMINO_ACIDS[(random.next() % 20) as usize].letter, 2 => ['W', 'F', 'R', 'Y'][(random.next() % 4) as usize], _ => AMINO_ACIDS[k / 4 % 20].letter }).collect();
            list.push((format!("r{k}"), s));
        }
        let mut worst: f64 = 9.0; let mut total = 0.0;
        for (name, s) in &list {
            let residues: Vec<usize> = s.chars().map(|l| AMINO_ACIDS.iter().position(|a| a.letter == l).unwrap()).collect();
            let t = std::time::Instant::now();
            let assigned = propensity::assign(&residues);
            let torsions = trace::trace(&residues, &assigned, random::hash_text(s));
            let t1 = t.elapsed();
            let bb = backbone::build(&residues, &torsions);
            let packed = packing::pack(&residues, &bb, &torsions, 0.0, &mut random::Random::new(1));
            let t2 = t.elapsed();
            total += t2.as_secs_f64();
            let ca: Vec<_> = bb.iter().map(|r| r[1]).collect();
            let c = geometry::centroid(&ca);
            let rg = (ca.iter().map(|p| geometry::distance_squared(*p, c)).sum::<f64>() / ca.len() as f64).sqrt();
            // min nonlocal distances
            let mut min_far: f64 = 99.0; let mut min_near: f64 = 99.0; let mut where_ = (0, 0, 0, 0);
            for i in 0..residues.len() { for j in i + 1..residues.len() {
                if geometry::distance_squared(bb[i][1], bb[j][1]) > 25.0 * 25.0 { continue; }
                for a in 0..side_chain::atom_count(residues[i]) { for b in 0..side_chain::atom_count(residues[j]) {
                    if j == i + 1 && a < 5 && b < 3 { continue; }
                    if j == i + 1 && AMINO_ACIDS[residues[j]].letter == 'P' && b == 6 { continue; }
                    let d = geometry::distance(packed.atoms[i][a], packed.atoms[j][b]);
                    if j == i + 1 { min_near = min_near.min(d) } else if d < min_far { min_far = d; where_ = (i, a, j, b); }
                } }
            } }
            worst = worst.min(min_far).min(min_near);
            if !name.starts_with('r') || min_far < 2.6 || min_near < 2.6 {
                println!("{name} n={} {t1:?} {t2:?} rg={rg:.1} (ideal {:.1}) far={min_far:.2} {:?} near={min_near:.2} {}", s.len(), 2.2 * (s.len() as f64).powf(0.38), where_, &s[..s.len().min(30)]);
            }
            if !name.starts_with('r') {
              let l: String = assigned.iter().map(|a| match a.local { propensity::Local::Helix => 'H', propensity::Local::Strand => 'E', _ => '-' }).collect(); println!("{s}\n{l}");
            }
        }
        println!("worst {worst} total {total}");
    }
}
