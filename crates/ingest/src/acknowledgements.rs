/// Tells acknowledgements among the packets that `rml_rtmp` wants sent, so that they can be held
/// back. Their header may be compressed, so it has to follow the headers before them.
#[derive(Default)]
pub(crate) struct AcknowledgementFilter {
    /// Message type of the last packet on the chunk stream of protocol control messages.
    last_control_type: Option<u8>,
}

const CONTROL_CHUNK_STREAM: u8 = 2;
const ACKNOWLEDGEMENT: u8 = 3;

impl AcknowledgementFilter {
    /// Looks at the next packet in order; whether it is an acknowledgement.
    pub(crate) fn is_acknowledgement(&mut self, packet: &[u8]) -> bool {
        let Some(first) = packet.first() else {
            return false;
        };
        if first & 0x3f != CONTROL_CHUNK_STREAM {
            return false;
        }
        // Formats 0 and 1 carry the message type after timestamp and length; 2 and 3 inherit it.
        if first >> 6 <= 1 {
            self.last_control_type = packet.get(7).copied();
        }
        self.last_control_type == Some(ACKNOWLEDGEMENT)
    }
}

#[cfg(test)]
mod tests {
    use super::AcknowledgementFilter;

    #[test]
    fn follows_compressed_headers() {
        let mut filter = AcknowledgementFilter::default();
        let window = [0x02, 0, 0, 0, 0, 0, 4, 5, 0, 0, 0, 0, 0, 1, 0, 0];
        let acknowledgement = [0x42, 0, 0, 9, 0, 0, 4, 3, 0, 0, 1, 0];
        let compressed = [0x82, 0, 0, 7, 0, 0, 1, 0];
        let command = [0x06, 0, 0, 0, 0, 0, 4, 3, 0, 0, 0, 0, 0, 1, 0, 0];
        let pong = [0x42, 0, 0, 9, 0, 0, 6, 4, 0, 7, 0, 0, 0, 0];
        let sent = [&window[..], &acknowledgement, &compressed, &command, &pong];
        let found = sent.map(|packet| filter.is_acknowledgement(packet));
        assert_eq!(found, [false, true, true, false, false]);
    }
}
