"""The results as Markdown."""


def number(value):
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def cell(value):
    if value is None or not value["n"]:
        return "–"
    return f"{value['mean']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


def show_held_out(name, table):
    n, reachable = table["reachable"]["n"], table["reachable"]["mean"]
    print(f"\nHeld out, {name} (n = {n}; the answer is among the candidates for {reachable:.0%})\n")
    print("| source | best guess right | answered | right of the answered |\n|---|---|---|---|")
    for source, row in table.items():
        if "forced" in row:
            cells = [cell(row.get(key)) for key in ("forced", "answered", "right of answered")]
            print(f"| {source} | {' | '.join(cells)} |")


def show(name, out):
    print(f"\n## {name}\n")
    if "skipped" in out:
        print(f"skipped: {out['skipped']}")
        return
    print("| stage | seconds |\n|---|---|")
    for stage, seconds in out["seconds"].items():
        print(f"| {stage} | {seconds} |")
    print("\n| linking | precision | recall | F1 | gold | found |\n|---|---|---|---|---|---|")
    for row, values in out["linking"].items():
        print(f"| {row} | {' | '.join(number(value) for value in values.values())} |")
    print()
    plain = (
        "graph",
        "references",
        "losses",
        "corpus",
        "fit mrr",
        "valid",
        "pretraining",
        "modeledge vectors",
    )
    for key in plain:
        value = out.get(key)
        if isinstance(value, dict):
            value = ", ".join(f"{label} {number(item)}" for label, item in value.items())
        if value is not None:
            print(f"- {key}: {number(value)}")
    if "graph lookup" in out:
        print(f"- graph lookup (trivially right): {cell(out['graph lookup'])}")
    for part, table in out["held out"].items():
        show_held_out(part, table)
    for answer in out.get("answers", ()):
        lines = answer.splitlines()
        more = [f"  … and {len(lines) - 6} lines more"] if len(lines) > 6 else []
        print("\n```\n" + "\n".join(lines[:6] + more) + "\n```")
