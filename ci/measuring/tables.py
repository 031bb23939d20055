"""The figures as people read them."""

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def say(way, program, figures):
    print(f"{way}, {program}: " + ", ".join(
        f"{key} {value:.2f}" for key, value in figures.items() if key not in ("started", "first_media")), flush=True)


def document(machine, arguments, rows, many):
    parts = [
        f"Measured on {machine['date']} at commit {machine['commit']}: {machine['cores']} × {machine['model']}, "
        f"Linux {machine['kernel']}, ffmpeg {machine['ffmpeg']}; shows of {arguments.seconds} s, "
        f"median of {arguments.runs}.",
        single(arguments, rows),
    ]
    if many:
        parts.append(f"And {many[0]['streams']} streams at once, 1080p30 of 3 Mbit/s, each a process of its own:")
        parts.append(together(arguments, many))
    return "\n\n".join(parts) + "\n"


def single(arguments, rows):
    head = ["way", "program", "CPU s/min", "peak RSS MB", "own MB", "start → first frame ms",
            "lateness ms min", "p50", "p99", "max", "sd", "CPU ratio", "RSS ratio"]
    lines = []
    for row in rows:
        other = next(one for one in rows if one["way"] == row["way"] and one["program"] == "ffmpeg")
        ours = row is not other
        lines.append([
            row["way"], row["program"], f"{row['cpu'] * 60 / arguments.seconds:.2f}", f"{row['peak_mb']:.1f}",
            f"{row['own_mb']:.1f}", f"{(row['first_media'] - row['started']) * 1000:.0f}",
            *(f"{row[f'late_{key}']:.1f}" for key in ("min", "p50", "p99", "max", "sd")),
            f"{row['cpu'] / other['cpu']:.2f}" if ours else "", f"{row['peak_mb'] / other['peak_mb']:.2f}" if ours else "",
        ])
    return table(head, lines)


def together(arguments, rows):
    head = ["program", "CPU s/min, all", "peak RSS MB, all", "own MB, all", "lateness ms p50", "p99", "p99 of the worst",
            "max", "CPU ratio", "RSS ratio"]
    other = next(row for row in rows if row["program"] == "ffmpeg")
    return table(head, [[
        row["program"], f"{row['cpu'] * 60 / arguments.seconds:.1f}", f"{row['peak_mb']:.0f}", f"{row['own_mb']:.0f}",
        f"{row['late_p50']:.1f}", f"{row['late_p99']:.1f}", f"{row['worst_p99']:.1f}", f"{row['late_max']:.1f}",
        f"{row['cpu'] / other['cpu']:.2f}" if row is not other else "",
        f"{row['peak_mb'] / other['peak_mb']:.2f}" if row is not other else "",
    ] for row in rows])


def table(head, lines):
    rows = [head, ["---"] * 2 + ["---:"] * (len(head) - 2), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def put_into(path, text):
    document = path.read_text()
    before, rest = document.split(BEGIN)
    _, after = rest.split(END)
    path.write_text(f"{before}{BEGIN}\n{text}{END}{after}")
