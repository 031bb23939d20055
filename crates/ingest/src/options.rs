use std::{path::PathBuf, sync::Arc};

use crate::{Behaviour, Fault, Keys, Rejection};

/// How an ingest is set up; what can also change while it runs is [`Behaviour`].
#[derive(Debug, Clone)]
pub struct Options {
    /// Which stream keys may publish.
    pub keys: Keys,
    /// How a publish with another key is turned away.
    pub rejection: Rejection,
    /// What happens when a key is published that is being published.
    pub duplicates: Duplicates,
    /// Speaks RTMPS with this certificate and key; plain RTMP without.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Writes each publish that has media to an FLV file of its own in this directory.
    pub record_to: Option<PathBuf>,
    /// What stays in memory of each packet.
    pub keep: Keep,
    /// Bytes after which the publisher is asked to acknowledge.
    pub window_ack_size: u32,
    /// Bytes that the publisher is told it may have in flight; publishers answer it with the
    /// window after which this side acknowledges.
    pub peer_bandwidth: u32,
    /// Size of the kernel's receive buffer in bytes (it doubles it); the system's own without.
    /// A small one makes a stall felt at the publisher within kilobytes.
    pub receive_buffer: Option<usize>,
    /// What goes wrong, by publish: the first accepted publish suffers the first, and so on;
    /// those after the last suffer nothing.
    pub faults: Vec<Fault>,
    /// How the ingest behaves from the start.
    pub behaviour: Behaviour,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keys: Keys::Any,
            rejection: Rejection::default(),
            duplicates: Duplicates::default(),
            tls: None,
            record_to: None,
            keep: Keep::default(),
            // What Facebook announces for both.
            window_ack_size: 5_000_000,
            peer_bandwidth: 5_000_000,
            receive_buffer: None,
            faults: Vec::new(),
            behaviour: Behaviour::default(),
        }
    }
}

/// What stays in memory of each packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Nothing but counters: memory stays bounded however long the show.
    Nothing,
    /// Times, size and hash: about 150 bytes a packet.
    #[default]
    Facts,
    /// The payload too.
    Data,
}

/// What happens when a key is published that is being published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// Both are taken; the times in [`Publish`](crate::Publish) show the overlap.
    #[default]
    Accept,
    /// The later one is answered `NetStream.Publish.BadName: Already publishing`, as nginx-rtmp does.
    Reject,
}
