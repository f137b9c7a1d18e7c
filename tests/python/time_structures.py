"""Times biotite, gemmi and tmtools on FIRST.pdb SECOND.pdb FIRST.cif and prints the seconds as JSON."""

import io
import json
import sys
import time

import biotite.structure as struc
import biotite.structure.io.pdb as pdb
import biotite.structure.io.pdbx as pdbx
import gemmi
import numpy as np
import tmtools

BUDGET = 1.5
MOST_SAMPLES = 1000


def timed(run):
    begin = time.perf_counter()
    samples = []
    run()
    while not samples or time.perf_counter() - begin < BUDGET and len(samples) < MOST_SAMPLES:
        # Processor time, so that other load on the machine does not count.
        start = time.process_time()
        run()
        samples.append(time.process_time() - start)
    lower, median, upper = np.percentile(samples, [25, 50, 75])
    return {"median": median, "lower": lower, "upper": upper}


def superpose(reference, other):
    fitted, _ = struc.superimpose(reference, other)
    return struc.rmsd(reference, fitted)


def main(first_path, second_path, mmcif_path):
    first, second = (pdb.PDBFile.read(path).get_structure(model=1) for path in (first_path, second_path))
    alphas, others = (s[s.atom_name == "CA"] for s in (first, second))
    letters = "A" * len(alphas)
    points = [s.coord.astype(np.float64) for s in (others, alphas)]
    # All texts are in memory, like in our benchmark.
    pdb_text, mmcif_text = (open(path).read() for path in (first_path, mmcif_path))

    def biotite_mmcif():
        file = pdbx.CIFFile.read(io.StringIO(mmcif_text))
        return pdbx.get_structure(file, model=1, extra_fields=["b_factor"])

    def biotite_pdb():
        file = pdb.PDBFile.read(io.StringIO(pdb_text))
        return file.get_structure(model=1, extra_fields=["b_factor"])

    tasks = {
        "superposition and RMSD, CA": {"biotite": lambda: superpose(alphas, others)},
        "superposition and RMSD, all atoms": {"biotite": lambda: superpose(first, second)},
        "lDDT, all atoms": {"biotite": lambda: struc.lddt(first, second)},
        "TM-score": {"tmtools": lambda: tmtools.tm_align(*points, letters, letters, [letters, letters])},
        "read PDB": {"gemmi": lambda: gemmi.read_pdb_string(pdb_text), "biotite": biotite_pdb},
        "read mmCIF": {
            "gemmi": lambda: gemmi.make_structure_from_block(gemmi.cif.read_string(mmcif_text)[0]),
            "biotite": biotite_mmcif,
        },
    }
    print(json.dumps({what: {tool: timed(run) for tool, run in tools.items()} for what, tools in tasks.items()}))


main(*sys.argv[1:])
