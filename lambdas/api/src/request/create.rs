//! A request as a broadcast: everything is checked before anything is written.

use std::{collections::BTreeMap, time::Duration};

use broadcast::{
    Broadcast, BroadcastId, DEFAULT_LEAD, Destination, MAX_HEAD_OR_TAIL, MAX_LEAD, OnDrop,
    RetryBudget, SourceUrl, Status, StreamKey,
};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use streamer::media::Arrangement;

use super::{
    CreateRequest,
    destinations::{self, NewDestination},
    echo,
    in_the_clear::no_key_in_the_clear,
    source,
};
use crate::{Config, Problem};

/// A request travels: an air time that is this little past was not past when it was sent.
const TRAVEL: TimeDelta = TimeDelta::seconds(5);
/// The keys of most platforms do not last longer, and neither does an execution.
const FURTHEST: TimeDelta = TimeDelta::days(366);
const MAX_TITLE: usize = 200;

/// A request that makes sense. It becomes a broadcast when it gets its id.
#[derive(Clone, Debug)]
pub(crate) struct NewBroadcast {
    title: String,
    pub(super) source: SourceUrl,
    pub(super) destinations: Vec<NewDestination>,
    pub(crate) air_time: DateTime<Utc>,
    time_zone: Tz,
    lead_seconds: u64,
    /// Up to how many seconds may be added to the lead.
    lead_spread: u64,
    on_drop: OnDrop,
    spot: bool,
    pub(super) audio_track: Option<u32>,
    silence: bool,
    head_seconds: u64,
    tail_seconds: u64,
    /// Whether it is scheduled whatever is wrong with the video.
    pub(super) force: bool,
}

impl NewBroadcast {
    /// What is added to the video, as the streamer will.
    pub(super) const fn arrangement(&self) -> Arrangement {
        Arrangement {
            head: Duration::from_secs(self.head_seconds),
            tail: Duration::from_secs(self.tail_seconds),
            silence: self.silence,
        }
    }
}

/// Checks a request.
///
/// # Errors
/// All that is wrong with it, in one problem.
pub(crate) fn validate(
    request: CreateRequest,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<NewBroadcast, Problem> {
    // Alone: what else is wrong may be told with such a field in it.
    no_key_in_the_clear(&request).map_err(Problem::bad_request)?;
    let mut faults = Vec::new();
    let mut noted = |fault: String| faults.push(fault);
    let source = source::source(&request.source, config.local_sources)
        .map_err(&mut noted)
        .ok();
    let destinations = destinations::destinations(request.destinations, &config.probes)
        .map_err(|more| more.into_iter().for_each(&mut noted))
        .ok();
    let air_time = air_time(request.air_time.as_deref(), now)
        .map_err(&mut noted)
        .ok();
    let time_zone = match request.time_zone.as_deref() {
        None => Some(Tz::UTC),
        Some(name) => name
            .parse()
            .map_err(|_| {
                noted(format!(
                    "time_zone {} is not known; it looks like Europe/London",
                    echo(name)
                ));
            })
            .ok(),
    };
    // Who says a lead gets that one.
    let (lead_seconds, lead_spread) = match request.lead_seconds {
        Some(lead) => (lead, 0),
        None => (DEFAULT_LEAD.as_secs(), config.lead_spread_seconds),
    };
    if lead_seconds > MAX_LEAD.as_secs() {
        noted(format!(
            "lead_seconds is {lead_seconds}; at most {} are allowed",
            MAX_LEAD.as_secs()
        ));
    }
    if request.audio_track == Some(0) {
        noted("audio_track is 0; the first sound track of the video is 1".to_owned());
    }
    let mut held = |field: &str, seconds: Option<u64>| {
        let seconds = seconds.unwrap_or_default();
        if seconds > MAX_HEAD_OR_TAIL {
            noted(format!(
                "{field} is {seconds}; at most {MAX_HEAD_OR_TAIL} are allowed"
            ));
        }
        seconds
    };
    let head_seconds = held("head_seconds", request.head_seconds);
    let tail_seconds = held("tail_seconds", request.tail_seconds);
    let title = request.title.unwrap_or_default();
    if title.chars().count() > MAX_TITLE || title.contains(char::is_control) {
        noted(format!(
            "the title is one line of at most {MAX_TITLE} characters"
        ));
    }
    match (source, destinations, air_time, time_zone) {
        (Some(source), Some(destinations), Some(air_time), Some(time_zone))
            if faults.is_empty() =>
        {
            let title = match title.trim() {
                "" => source.file_name().to_owned(),
                title => title.to_owned(),
            };
            Ok(NewBroadcast {
                title,
                source,
                destinations,
                air_time,
                time_zone,
                lead_seconds,
                lead_spread,
                on_drop: request.on_drop.unwrap_or_default(),
                spot: request.spot.unwrap_or_default(),
                audio_track: request.audio_track,
                silence: request.silence.unwrap_or_default(),
                head_seconds,
                tail_seconds,
                force: request.force.unwrap_or_default(),
            })
        }
        _ => Err(Problem::bad_request(faults.join("; "))),
    }
}

fn air_time(text: Option<&str>, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let Some(text) = text else {
        return Ok(now);
    };
    let air_time = DateTime::parse_from_rfc3339(text)
        .map_err(|_| {
            format!(
                "air_time {} is not RFC 3339, as in 2026-12-01T19:30:00Z",
                echo(text)
            )
        })?
        .to_utc();
    if air_time < now - TRAVEL {
        return Err(format!(
            "air_time {text} is past: it is {} now; without an air_time it begins at once",
            now.format("%Y-%m-%dT%H:%M:%SZ")
        ));
    }
    if air_time > now + FURTHEST {
        return Err(format!(
            "air_time {text} is more than {} days ahead",
            FURTHEST.num_days()
        ));
    }
    Ok(air_time)
}

/// A broadcast's own number of seconds from 0 to `spread`: the broadcasts of one air time start one
/// after the other, not all at once.
fn share(id: &BroadcastId, spread: u64) -> u64 {
    let hash = id.as_str().bytes().fold(0_u64, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(byte.into())
    });
    hash % spread.saturating_add(1)
}

impl NewBroadcast {
    /// The broadcast, and the keys in the order of its destinations.
    pub(crate) fn named(
        self,
        id: BroadcastId,
        now: DateTime<Utc>,
        parameter: impl Fn(&BroadcastId, &str) -> String,
    ) -> (Broadcast, Vec<StreamKey>) {
        let mut keys = Vec::new();
        let destinations = self
            .destinations
            .into_iter()
            .map(|new| {
                keys.push(new.key);
                Destination {
                    key_parameter: parameter(&id, &new.name),
                    name: new.name,
                    platform: new.platform,
                    ingest: new.ingest,
                    probe: new.probe,
                    backup: new.backup,
                    timestamps: new.timestamps,
                    enhanced: new.enhanced,
                }
            })
            .collect();
        let lead_seconds = self.lead_seconds + share(&id, self.lead_spread);
        let broadcast = Broadcast {
            lead_seconds: lead_seconds.min(MAX_LEAD.as_secs()),
            id,
            title: self.title,
            source: self.source,
            destinations,
            air_time: self.air_time,
            time_zone: self.time_zone,
            on_drop: self.on_drop,
            spot: self.spot,
            audio_track: self.audio_track,
            silence: self.silence,
            head_seconds: self.head_seconds,
            tail_seconds: self.tail_seconds,
            key_failures: BTreeMap::new(),
            backup_failures: BTreeMap::new(),
            status: Status::Scheduled,
            attempts: 0,
            retry_budget: RetryBudget::default(),
            progress: None,
            outcome: None,
            created_at: now,
        };
        (broadcast, keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DefaultProbes, request::read_create};

    const NOW: &str = "2026-11-23T12:00:00Z";

    fn validated(body: &str) -> Result<NewBroadcast, String> {
        let config = Config {
            table: String::new(),
            state_machine_arn: String::new(),
            schedule_group: String::new(),
            scheduler_role_arn: String::new(),
            dead_letter_queue_arn: String::new(),
            local_sources: false,
            allow_private_addresses: false,
            lead_spread_seconds: 0,
            probes: DefaultProbes::default(),
            check_videos: false,
        };
        let request = read_create(body.as_bytes()).map_err(|problem| problem.detail)?;
        validate(request, &config, NOW.parse().unwrap()).map_err(|problem| problem.detail)
    }

    #[track_caller]
    fn check(more: &str, expected: Result<&str, &str>) {
        let body = format!(
            r#"{{"source":"s3://b/talk.mp4","destinations":[{{"platform":"twitch","key":"k"}}]{more}}}"#
        );
        let found = validated(&body).map(|new| new.air_time.to_rfc3339());
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn air_times() {
        check("", Ok("2026-11-23T12:00:00+00:00"));
        check(
            r#","air_time":"2026-12-01T19:30:00+02:00""#,
            Ok("2026-12-01T17:30:00+00:00"),
        );
        check(
            r#","air_time":"2026-11-23T11:59:56Z""#,
            Ok("2026-11-23T11:59:56+00:00"),
        );
        check(
            r#","air_time":"2026-11-23T11:59:54Z""#,
            Err(
                "air_time 2026-11-23T11:59:54Z is past: it is 2026-11-23T12:00:00Z now; without \
                 an air_time it begins at once",
            ),
        );
        check(
            r#","air_time":"2028-01-01T00:00:00Z""#,
            Err("air_time 2028-01-01T00:00:00Z is more than 366 days ahead"),
        );
        check(
            r#","air_time":"tomorrow""#,
            Err(r#"air_time "tomorrow" is not RFC 3339, as in 2026-12-01T19:30:00Z"#),
        );
    }

    #[test]
    fn a_key_in_the_wrong_place_is_not_repeated() {
        for field in ["air_time", "time_zone", "on_drop", "FB-1-0-secret"] {
            let more = format!(r#","{field}":"FB-1-0-secret""#);
            let body = format!(r#"{{"source":"s3://b/a.mp4","destinations":[]{more}}}"#);
            let fault = validated(&body).unwrap_err();
            assert!(!fault.contains("secret"), "{fault}");
        }
    }

    #[test]
    fn a_key_in_the_title_is_refused_and_not_repeated() {
        let body = r#"{"source":"s3://b/a.mp4","title":"A my-secret","time_zone":"my-secret",
            "destinations":[{"platform":"twitch","key":"my-secret"}]}"#;
        let fault = validated(body).unwrap_err();
        assert!(fault.starts_with("title has a stream key"), "{fault}");
        assert!(!fault.contains("secret"), "{fault}");
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        check(
            r#","time_zone":"Mars","lead_seconds":3601,"title":"a\nb""#,
            Err(
                "time_zone \"Mars\" is not known; it looks like Europe/London; \
                 lead_seconds is 3601; at most 3600 are allowed; \
                 the title is one line of at most 200 characters",
            ),
        );
    }

    #[test]
    fn the_leads_of_one_air_time_are_spread() {
        let air_time = NOW.parse().unwrap();
        let mut starts = [0; 60];
        for random in (0..10_000).map(|i: u32| i.wrapping_mul(0x9e37_79b9) >> 12) {
            let share = share(&BroadcastId::new(air_time, random), 599);
            starts[share as usize / 10] += 1;
        }
        // 10,000 over 600 s are 167 in ten seconds, more or less; Fargate starts 200, and 100 more at
        // once after a pause.
        assert!(starts.iter().all(|n| (110..=220).contains(n)), "{starts:?}");
        assert_eq!(share(&BroadcastId::new(air_time, 7), 0), 0);
    }

    #[test]
    fn what_is_held_and_sent_has_its_limits() {
        check(
            r#","audio_track":0,"head_seconds":601,"tail_seconds":3600"#,
            Err(
                "audio_track is 0; the first sound track of the video is 1; \
                 head_seconds is 601; at most 600 are allowed; \
                 tail_seconds is 3600; at most 600 are allowed",
            ),
        );
        let body = r#"{"source":"s3://b/a.mp4","destinations":[{"platform":"twitch","key":"k"}],
            "audio_track":2,"silence":true,"head_seconds":600,"tail_seconds":15}"#;
        let id: BroadcastId = "20261123-1200-aaaa".parse().unwrap();
        let (made, _) = validated(body)
            .unwrap()
            .named(id, NOW.parse().unwrap(), |_, name| name.to_owned());
        assert_eq!(
            (
                made.audio_track,
                made.silence,
                made.head_seconds,
                made.tail_seconds
            ),
            (Some(2), true, 600, 15)
        );
    }

    #[test]
    fn on_demand_unless_spot_is_asked_for() {
        for (more, spot) in [("", false), (r#","spot":true"#, true)] {
            let body = format!(
                r#"{{"source":"s3://b/a.mp4","destinations":[{{"platform":"twitch","key":"k"}}]{more}}}"#
            );
            assert_eq!(validated(&body).map(|new| new.spot), Ok(spot));
        }
    }

    #[test]
    fn the_title_is_the_file_name_unless_given() {
        let body = r#"{"bucket":"b","path":"a/talk.mp4","token":"FB-1"}"#;
        let id: BroadcastId = "20261123-1200-aaaa".parse().unwrap();
        let (broadcast, keys) =
            validated(body)
                .unwrap()
                .named(id, NOW.parse().unwrap(), |id, name| format!("/{id}/{name}"));
        assert_eq!(broadcast.title, "talk.mp4");
        assert_eq!(broadcast.lead_seconds, 240);
        assert_eq!(keys.len(), broadcast.destinations.len());
    }
}
