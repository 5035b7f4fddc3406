"""The bench's results as a table and as a picture."""
import re
import statistics

NAMES = {"cpp": "C++ (ours)", "go": "Go", "python": "Python"}
COLOURS = {"cpp": "#2563eb", "go": "#0d9488", "python": "#d97706"}
# What is measured, how it reads, what ours has to be as a share of Go's, and whether less is better.
LIVE = [
    ("cpu_ms", "CPU per workflow, ms", 0.55, True),
    ("resident_mb", "resident memory, MB", 1.0, True),
    ("idle_kb", "memory per cached idle workflow, KB", None, True),  # 12 KB, whatever Go's is
    ("throughput", "throughput, workflows/s", 1.0, False),
    ("p50_ms", "start to result, p50, ms", 1.0, True),
]
IDLE_GOAL_KB = 12
REPLAY_GOAL = 2.0


def go_version(path):
    return re.search(r"go\.temporal\.io/sdk (\S+)", path.read_text())[1]


def python_version(path):
    return "Python SDK " + re.search(r"temporalio==(\S+)", path.read_text())[1]


def rows(results):
    """(what, {sdk: median}, ours/Go's, goal as text, whether it is met)"""
    live = results["live"]
    for key, name, goal, less in LIVE if live else []:
        medians = {sdk: statistics.median(live[sdk][key]) for sdk in live}
        ratio = medians["cpp"] / medians["go"]
        if key == "idle_kb":
            yield name, medians, ratio, f"ours <= {IDLE_GOAL_KB}", medians["cpp"] <= IDLE_GOAL_KB
        else:
            yield name, medians, ratio, f"{'<=' if less else '>='} {goal:g} x Go's", ratio <= goal if less else ratio >= goal
    for case, measured in results["replay"].items():
        for clock in ("wall", "cpu"):
            medians = {sdk: statistics.median(each[clock]) / 1000 for sdk, each in measured.items()}
            ratio = medians["cpp"] / medians["go"]
            what = f"replay of {case.replace('_', ' ')}, 1000 events/s" + (" of CPU" if clock == "cpu" else "")
            yield what, medians, ratio, f">= {REPLAY_GOAL:g} x Go's", ratio >= REPLAY_GOAL


def table(results):
    lines = ["| | " + " | ".join(NAMES.values()) + " | ours / Go's | goal | |", "| --- | " + "---: | " * (len(NAMES) + 1) + "--- | --- |"]
    for what, medians, ratio, goal, met in rows(results):
        values = " | ".join(f"{medians[sdk]:.2f}" if sdk in medians else "" for sdk in NAMES)
        lines.append(f"| {what} | {values} | {ratio:.2f} | {goal} | {'met' if met else 'missed'} |")
    settings = "; ".join(f"{key.replace('_', ' ')} {value}" for key, value in results["settings"].items())
    return "\n".join(lines) + f"\n\nMedians of interleaved rounds. Settings: {settings}.\n"


def plot(results):
    """One group of bars per row, each as a share of Go's; hand-made SVG."""
    shown, height, left, width = list(rows(results)), 18, 380, 420
    top = 40
    most = max([1.0] + [medians[sdk] / medians["go"] for _, medians, _, _, _ in shown for sdk in medians])
    group = (len(NAMES) + 1) * height
    total = top + group * len(shown) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 90}" height="{total}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for index, (sdk, name) in enumerate(NAMES.items()):
        x = left + 110 * index
        parts.append(f'<rect x="{x}" y="12" width="12" height="12" fill="{COLOURS[sdk]}"/><text x="{x + 18}" y="22">{name}</text>')
    for number, (what, medians, _, goal, met) in enumerate(shown):
        y = top + number * group
        parts.append(f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{what}</text>')
        parts.append(f'<text x="{left - 8}" y="{y + 30}" text-anchor="end" fill="{"#15803d" if met else "#b91c1c"}">'
                     f'{goal.replace("<", "&lt;").replace(">", "&gt;")}: {"met" if met else "missed"}</text>')
        for sdk, value in medians.items():
            bar = width * value / medians["go"] / most
            parts.append(f'<rect x="{left}" y="{y}" width="{bar:.1f}" height="{height - 4}" fill="{COLOURS[sdk]}"/>')
            parts.append(f'<text x="{left + bar + 5:.1f}" y="{y + 12}">{value:.3g}</text>')
            y += height
    one = left + width / most
    parts.append(f'<line x1="{one:.1f}" y1="{top - 8}" x2="{one:.1f}" y2="{total - 10}" stroke="#555" stroke-dasharray="4 3"/>')
    return "\n".join(parts) + "\n</svg>\n"
