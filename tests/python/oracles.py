"""Measures two structure files with biotite, gemmi, tmtools and DockQ and prints the numbers as JSON."""

import json
import sys

import biotite.structure as struc
import biotite.structure.io.pdb as pdb
import gemmi
import numpy as np
import tmtools


def read(path):
    return pdb.PDBFile.read(path).get_structure(model=1)


def rmsd(reference, other):
    fitted, _ = struc.superimpose(reference, other)
    return float(struc.rmsd(reference, fitted))


def dockq(model, native, chains):
    from DockQ.DockQ import load_PDB, run_on_all_native_interfaces

    mapping = {chain: chain for chain in chains}
    found, _ = run_on_all_native_interfaces(load_PDB(model), load_PDB(native), chain_map=mapping)
    return [float(interface["DockQ"]) for interface in found.values()]


def main(first_path, second_path):
    first, second = read(first_path), read(second_path)
    alphas, others = (s[s.atom_name == "CA"] for s in (first, second))
    letters = "A" * len(alphas)
    aligned = tmtools.tm_align(
        others.coord.astype(np.float64), alphas.coord.astype(np.float64), letters, letters, [letters, letters]
    )
    atoms = [gemmi.read_structure(path)[0].count_atom_sites() for path in (first_path, second_path)]
    positions = [[gemmi.Position(*map(float, atom)) for atom in s.coord] for s in (alphas, others)]
    chains = sorted(set(first.chain_id))
    print(
        json.dumps(
            {
                "atoms": atoms,
                "gemmi_rmsd": gemmi.superpose_positions(positions[0], positions[1]).rmsd,
                "RMSD of alpha carbons (Å)": rmsd(alphas, others),
                "RMSD of all atoms (Å)": rmsd(first, second),
                "lDDT, contacts of the first": float(struc.lddt(first, second)),
                "lDDT, contacts of the second": float(struc.lddt(second, first)),
                "lDDT, symmetric": float(struc.lddt(first, second, symmetric=True)),
                "TM-score": float(aligned.tm_norm_chain2),
                "DockQ": dockq(second_path, first_path, chains) if len(chains) == 2 else [],
            }
        )
    )


main(*sys.argv[1:])
