"""The tables as pictures (SVG), where python3-matplotlib is there."""

try:
    import matplotlib
    matplotlib.use("svg")
    from matplotlib import pyplot
except ImportError:
    pyplot = None

COLOURS = {"sallyport": "#0b6e4f", "nginx": "#4c72b0", "haproxy": "#dd8452", "hitch": "#8172b3",
           "nghttpx": "#937860", "floor": "#b0b0b0"}


def colour(name):
    return COLOURS.get(name, "#c44e52")


def draw(results, folder):
    """Returns the names of the files."""
    if pyplot is None:
        print("no plots: python3-matplotlib is not installed")
        return []
    matplotlib.rcParams["svg.hashsalt"] = "sallyport"  # the same results, the same file
    drawn = []
    for name, make in (("cost", cost), ("memory", memory), ("latency", latency)):
        if results.get(name):
            figure = make(results[name])
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
            pyplot.close(figure)
            drawn.append(f"{name}.svg")
    return drawn


def cost(rows):
    """Each proxy's CPU over the best peer's: 1 is the best peer."""
    rows = [row for row in rows if row["proxies"]]
    figure, axes = pyplot.subplots(figsize=(9, 0.5 + 0.32 * len(rows)))
    seen = set()
    for at, row in enumerate(rows):
        costs = {name: cell["cpu_us"] for name, cell in row["proxies"].items()}
        one = costs.get(row.get("best_peer")) or min(costs.values())
        for name, value in costs.items():
            axes.plot(value / one, at, "D" if name == "sallyport" else "o", color=colour(name),
                      markersize=7 if name == "sallyport" else 5,
                      label=None if name in seen else name)
            seen.add(name)
    axes.axvline(1, color="#808080", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [row["row"] for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("CPU per unit, over that of the best peer (less is better)")
    axes.grid(axis="x", linewidth=0.3)
    axes.legend(fontsize=8)
    return figure


def memory(rows):
    figure, axes = pyplot.subplots(figsize=(3 + 1.5 * len(rows), 3))
    names = list(dict.fromkeys(name for row in rows for name in row["proxies"]))
    for at, name in enumerate(names):
        places = [each + at * 0.8 / len(names) for each in range(len(rows))]
        held = [row["proxies"].get(name, {}).get("kib", 0) for row in rows]
        axes.bar(places, held, 0.8 / len(names),
                 color=colour(name), label=name)
    axes.set_xticks([each + 0.4 - 0.4 / len(names) for each in range(len(rows))],
                    [f"{row['row']}\n{row['connections']} connections" for row in rows], fontsize=8)
    axes.set_ylabel("KiB per idle TLS connection")
    axes.legend(fontsize=8)
    return figure


def latency(rows):
    figure, axes = pyplot.subplots(figsize=(7, 3.5))
    rows = [row for row in rows if not isinstance(row["rate"], str)]
    for name in rows[0]["proxies"] if rows else ():
        rates = [row["rate"] for row in rows]
        for column, style in (("p50", "-"), ("p99", "--"), ("p99.9", ":")):
            axes.plot(rates, [row["proxies"][name][column] for row in rows], style,
                      color=colour(name), marker=".", label=f"{name} {column}")
    axes.set_yscale("log")
    axes.set_xlabel("requests a second, open loop")
    axes.set_ylabel("µs from the intended start")
    axes.legend(fontsize=7, ncols=2)
    return figure
