//! A report as a person reads it: a table on a terminal, a line for each finding elsewhere.

use comfy_table::{ContentArrangement, Table, presets};
use console::{Style, Term, style};
use streamer::check::{Facts, Finding, Report, Severity, level_name};

use crate::screen::counted;

/// Narrower terminals wrap by themselves.
const NARROWEST: u16 = 60;

/// The report in words.
pub(super) fn report(report: &Report) -> String {
    let terminal = Term::stdout();
    let width = terminal.is_term().then(|| terminal.size().1.max(NARROWEST));
    let mut parts = vec![head(report)];
    if !report.findings.is_empty() {
        parts.push(findings(&report.findings, width));
    }
    if width.is_some() && report.findings.iter().any(|found| found.source.is_some()) {
        parts.push(sources(&report.findings));
    }
    parts.push(verdict(report));
    parts.join("\n\n")
}

/// What is known of the video.
fn head(report: &Report) -> String {
    let read = format!(
        "  read     {} in {}",
        size(report.bytes_read),
        counted(report.requests as usize, "read")
    );
    match &report.facts {
        Some(facts) => format!("{}, {}\n{read}", report.source, in_words(facts)),
        None => format!("{}, {}\n{read}", report.source, size(report.bytes)),
    }
}

fn in_words(facts: &Facts) -> String {
    let video = &facts.video;
    let coding = &video.coding;
    let mut picture = vec![video.codec.name().to_owned()];
    picture.extend(coding.profile.map(str::to_owned));
    picture.extend(coding.level.map(level_name));
    let mut picture = picture.join(" ");
    picture.push_str(&format!(
        ", {}x{}, {:.2} frames a second",
        video.width, video.height, video.frame_rate
    ));
    if let (Some(chroma), Some(depth)) = (coding.chroma, coding.bit_depth) {
        picture.push_str(&format!(", {} {depth} bits", chroma.name()));
    }
    let keys = &video.key_frames;
    picture.push_str(&format!(
        "\n           {}, at most {} over 2 s; a key frame every {:.1} s, at most {:.1} s",
        megabits(video.bit_rate),
        megabits(video.peak_bit_rate),
        if keys.count > 1 {
            keys.typical
        } else {
            keys.longest.lasts
        },
        keys.longest.lasts,
    ));
    let sound = match &facts.audio {
        None => "none".to_owned(),
        Some(audio) => format!(
            "{}, {} kHz, {}, {}",
            audio.codec(),
            f64::from(audio.sample_rate) / 1_000.0,
            match audio.channels {
                1 => "mono".to_owned(),
                2 => "stereo".to_owned(),
                more => format!("{more} channels"),
            },
            megabits(audio.bit_rate)
        ),
    };
    format!(
        "{}, {}\n  picture  {picture}\n  sound    {sound}",
        clock(facts.duration),
        size(facts.bytes)
    )
}

fn findings(findings: &[Finding], width: Option<u16>) -> String {
    let Some(width) = width else {
        return findings.iter().map(line).collect::<Vec<_>>().join("\n");
    };
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width);
    table.set_header(["", "FOR", "FOUND", "LIMIT"]);
    for found in findings {
        let severity = found.severity.name();
        table.add_row([severity, found.whose(), &found.what, &found.limit]);
    }
    let lines = table.lines().map(|line| coloured(&line));
    lines.collect::<Vec<_>>().join("\n")
}

/// Colour is laid over the finished table, which then need not know of it. `console` knows of
/// `NO_COLOR` and of terminals that have none.
fn coloured(line: &str) -> String {
    let severities = [
        (Severity::Error, Style::new().red().bold()),
        (Severity::Warning, Style::new().yellow()),
        (Severity::Note, Style::new().dim()),
    ];
    for (severity, look) in severities {
        let parts = line.trim_start().strip_prefix(severity.name());
        if let Some(rest) = parts
            && line.starts_with(&format!(" {severity}"))
        {
            return format!(" {}{rest}", look.apply_to(severity.name()));
        }
    }
    line.trim_end().to_owned()
}

/// All of a finding in one line, as for `grep`.
fn line(found: &Finding) -> String {
    let source = match &found.source {
        Some(source) => format!("; {source}"),
        None => String::new(),
    };
    format!(
        "{}: {} [{}] {} ({}{source})",
        found.severity,
        found.whose(),
        found.rule,
        found.what,
        found.limit
    )
}

/// Where the limits are written.
fn sources(findings: &[Finding]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for found in findings {
        if let Some(source) = &found.source {
            let line = format!("  {}: {source}", found.whose());
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    format!("These limits are from\n{}", lines.join("\n"))
}

fn verdict(report: &Report) -> String {
    let count = |severity| report.of(severity).count();
    let plural = |count: usize, name: &str| match count {
        0 => format!("no {name}s"),
        some => counted(some, name),
    };
    let words = [Severity::Error, Severity::Warning, Severity::Note]
        .map(|severity| plural(count(severity), severity.name()))
        .join(", ");
    let words = match report.has_errors() {
        true => style(words).red().bold(),
        false => style(words).green(),
    };
    let Some(command) = &report.command else {
        return words.to_string();
    };
    let all = report
        .findings
        .iter()
        .filter(|found| found.severity != Severity::Note);
    let whole = match all.clone().all(|found| found.fixable) && report.facts.is_some() {
        true => "This makes a file without them",
        false => "This makes a file with fewer of them; check that again",
    };
    format!("{words}\n{whole}:\n\n  {command}")
}

fn megabits(rate: u64) -> String {
    match rate {
        0..1_000_000 => format!("{} kbit/s", rate.div_ceil(1_000)),
        more => format!("{:.1} Mbit/s", more as f64 / 1e6),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        more => format!("{:.2} GB", more as f64 / 1e9),
    }
}

/// `0:12:03`.
fn clock(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    format!("{}:{:02}:{:02}", whole / 3_600, whole / 60 % 60, whole % 60)
}
