// The plots of one case, from what its record holds.

/** What is allowed of a metric of a value, where it was measured. */
function allowedOf(entry, plot, key) {
  const metric = entry.metrics.find((one) => one.key === key && one.field === plot.field && one.call === plot.call);
  return metric ? number(metric.allowed) : null;
}

function structureFigures(entry, plot, held) {
  const figures = [];
  const chains = held.chains;
  if (held.alphas) {
    const [expected, observed] = [floatsOf(held.alphas.expected), floatsOf(held.alphas.observed)];
    const apart = deviations(expected, observed);
    const worst = apart.reduce((most, value) => (value > most ? value : most), 0);
    const limit = allowedOf(entry, plot, "ca_max");
    figures.push(backboneFigure(chains, expected, observed, apart));
    figures.push(
      curveFigure({
        title: "Deviation of alpha carbons",
        unit: " Å",
        chains,
        limit,
        greatest: Math.max(worst * 1.05, limit && limit < 4 * worst ? limit * 1.1 : 0, 0.1),
        series: [{ name: "deviation", colour: "observed", values: apart, thick: true }],
      }),
    );
  }
  if (held.plddt) {
    const values = [floatsOf(held.plddt.expected), floatsOf(held.plddt.observed)];
    const worst = Math.max(...values.map((one) => one.reduce((most, value) => (value > most ? value : most), 0)));
    figures.push(
      curveFigure({
        title: "pLDDT",
        unit: "",
        chains,
        greatest: Math.max(1, worst),
        series: [
          { name: "reference", colour: "expected", values: values[0] },
          { name: "result", colour: "observed", values: values[1] },
        ],
      }),
    );
  }
  if (held.pae) figures.push(pairFigure(held.pae, chains));
  return figures;
}

/** A section for each value that has plots. */
function plotSections(entry) {
  return (entry.plots || []).map((plot) => {
    const structure = plot.data.structure;
    const figures = structure ? structureFigures(entry, plot, structure) : [cosineFigure(plot.field, plot.data.embedding)];
    const drawn = structure ? structure.chains.reduce((sum, run) => sum + run.count, 0) : 0;
    const cut = structure && drawn < structure.residues ? `, the first ${drawn} of ${structure.residues} residues` : "";
    return el("section", {}, el("h3", {}, `Plots of ${plot.field}${callOf(entry, plot.call)}${cut}`), el("div", { class: "plots" }, figures));
  });
}
