"""The results of biotite, gemmi, tmtools and DockQ for structure files, as JSON: `read FILE…` prints the atoms of each file by two
readers, `measure FIRST.pdb SECOND.pdb` the metrics of a pair."""

import json
import sys

import biotite.structure as struc
import biotite.structure.io.pdb as pdb
import biotite.structure.io.pdbx as pdbx
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


def read_by_biotite(path):
    if path.endswith(".cif"):
        atoms = pdbx.get_structure(pdbx.CIFFile.read(path), model=1, extra_fields=["b_factor"])
    else:
        atoms = pdb.PDBFile.read(path).get_structure(model=1, extra_fields=["b_factor"])
    names = (atoms.chain_id, atoms.res_id, atoms.ins_code, atoms.res_name, atoms.atom_name, atoms.element)
    return {
        "names": [list(row) for row in zip(*(column.tolist() for column in names))],
        "coord": atoms.coord.astype(float).tolist(),
        "b_factor": np.nan_to_num(atoms.b_factor).tolist(),
    }


def read_by_gemmi(path):
    found = {"names": [], "coord": [], "b_factor": []}
    for chain in gemmi.read_structure(path)[0]:
        for residue in chain:
            number, code = residue.seqid.num, residue.seqid.icode.strip()
            for atom in residue:
                element = atom.element.name.upper()
                found["names"].append([chain.name, number, code, residue.name, atom.name, element])
                found["coord"].append(atom.pos.tolist())
                found["b_factor"].append(atom.b_iso)
    return found


def read_all(*paths):
    readers = {"biotite": read_by_biotite, "gemmi": read_by_gemmi}
    print(json.dumps([{name: reader(path) for name, reader in readers.items()} for path in paths]))


def measure(first_path, second_path):
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


{"read": read_all, "measure": measure}[sys.argv[1]](*sys.argv[2:])
