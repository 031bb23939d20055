use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::broadcast;

use crate::{Behaviour, Event, Keys, Packet, Publish, Snapshot, Stats, server::Shared};

/// An ingest that runs. Dropping it stops it; [`shutdown`](Self::shutdown) also waits for that.
pub struct RunningIngest {
    shared: Arc<Shared>,
}

impl RunningIngest {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// The URL to publish to under the given app, without a key.
    pub fn url(&self, app: &str) -> String {
        let scheme = if self.shared.tls.is_some() {
            "rtmps"
        } else {
            "rtmp"
        };
        format!("{scheme}://{}/{app}", self.shared.address)
    }

    /// Counters of the whole ingest.
    pub fn stats(&self) -> Stats {
        self.shared.ledger.read(|state| state.snapshot.stats)
    }

    /// Every accepted publish, in order.
    pub fn publishes(&self) -> Vec<Publish> {
        let ledger = &self.shared.ledger;
        ledger.read(|state| state.snapshot.publishes.clone())
    }

    /// The packets of a publish (its [`number`](Publish::number)), in order of arrival; none if
    /// there is no such publish or packets are not kept.
    pub fn packets(&self, publish: u32) -> Vec<Packet> {
        let index = (publish as usize).checked_sub(1);
        let ledger = &self.shared.ledger;
        ledger.read(|state| {
            index
                .and_then(|index| state.packets.get(index).cloned())
                .unwrap_or_default()
        })
    }

    /// The recordings, one for each publish with media, in order. Whole once the publish has ended.
    pub fn recordings(&self) -> Vec<PathBuf> {
        let publishes = self.publishes().into_iter();
        publishes.filter_map(|publish| publish.recording).collect()
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.shared.ledger.events()
    }

    /// Returns, with everything known, as soon as the condition holds; at once if it does.
    /// There is no limit of time but the caller's.
    pub async fn until(&self, condition: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let ledger = &self.shared.ledger;
        let mut changes = ledger.changes();
        loop {
            changes.mark_unchanged();
            let reached =
                ledger.read(|state| condition(&state.snapshot).then(|| state.snapshot.clone()));
            if let Some(snapshot) = reached {
                return snapshot;
            }
            if changes.changed().await.is_err() {
                // The ledger is ours, and its sender with it.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Resets every open connection, as a crash of the ingest or its network would.
    pub fn cut_all(&self) {
        self.shared.cuts.send_replace(());
    }

    /// Refuses connections as if nothing listened, or accepts them again; open ones stay.
    /// Returns once it is so.
    pub async fn refuse(&self, refuse: bool) {
        self.shared.refuse(refuse).await;
    }

    /// Refuses connections for a while and resets those that are open: a restart of the ingest.
    /// Returns once they are refused.
    pub async fn go_away(&self, away: Duration) {
        self.shared.refuse_for(away).await;
        self.cut_all();
    }

    /// Stops reading from all connections, or goes on.
    pub fn stall_reading(&self, stall: bool) {
        self.change(|behaviour| behaviour.stall_reading = stall);
    }

    /// Reads each connection at so many bytes a second; without a number as fast as they come.
    pub fn read_at_most(&self, bytes_per_second: Option<u32>) {
        self.change(|behaviour| behaviour.read_rate = bytes_per_second);
    }

    /// Whether connections opened from now on get acknowledgements.
    pub fn acknowledge(&self, acknowledge: bool) {
        self.change(|behaviour| behaviour.acknowledge = acknowledge);
    }

    /// Whether `connect` is turned away on connections opened from now on.
    pub fn reject_connect(&self, reject: bool) {
        self.change(|behaviour| behaviour.reject_connect = reject);
    }

    /// Changes how the ingest behaves.
    pub fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        self.shared.behaviour.send_modify(change);
    }

    /// Which stream keys may publish on connections opened from now on.
    pub fn accept_keys(&self, keys: Keys) {
        self.shared.keys.send_replace(keys);
    }

    /// Closes every connection, finishes the recordings and stops.
    pub async fn shutdown(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

impl Drop for RunningIngest {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

impl fmt::Debug for RunningIngest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningIngest")
            .field("address", &self.shared.address)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
