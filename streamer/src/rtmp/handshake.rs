//! The simple handshake (RTMP 1.0, section 5.2). All ingests take it; the digests of Flash Player
//! only guard against foreign players.

use bytes::{Buf, BufMut, BytesMut};

use super::error::ProtocolError;

const VERSION: u8 = 3;
/// The size of C1, C2, S1 and S2 in bytes.
const PACKET: usize = 1536;

/// The client's side of the handshake.
pub(crate) struct Handshake {
    input: BytesMut,
    answered: bool,
}

impl Handshake {
    /// Begins: appends C0 and C1. The seed makes our packet different from others, no more.
    pub(crate) fn start(out: &mut BytesMut, seed: u64) -> Self {
        out.reserve(1 + 2 * PACKET);
        out.put_u8(VERSION);
        out.put_u64(0);
        let mut state = seed | 1;
        for _ in 0..(PACKET - 8) / 8 {
            // xorshift64: the specification wants no more than "sufficiently random".
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            out.put_u64(state);
        }
        Self {
            input: BytesMut::new(),
            answered: false,
        }
    }

    /// Takes bytes and answers S1 with C2. Once S2 is there, returns the bytes after it.
    ///
    /// S2 is not compared with C1: some servers do not echo, and nothing depends on it.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        out: &mut BytesMut,
    ) -> Result<Option<BytesMut>, ProtocolError> {
        self.input.extend_from_slice(bytes);
        if let Some(version) = self.input.first()
            && *version != VERSION
        {
            return Err(ProtocolError::Version(*version));
        }
        if !self.answered && self.input.len() > PACKET {
            out.extend_from_slice(&self.input[1..=PACKET]);
            self.answered = true;
        }
        if self.input.len() <= 2 * PACKET {
            return Ok(None);
        }
        self.input.advance(1 + 2 * PACKET);
        Ok(Some(std::mem::take(&mut self.input)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c2_echoes_s1_and_what_follows_s2_is_kept() {
        let mut out = BytesMut::new();
        let mut handshake = Handshake::start(&mut out, 42);
        assert_eq!(out.len(), 1 + PACKET);
        assert_eq!(out[..9], [3, 0, 0, 0, 0, 0, 0, 0, 0]);
        out.clear();

        let mut server = vec![3];
        server.extend([7; PACKET]);
        server.extend([8; PACKET]);
        server.extend(b"rest");
        let mut rest = None;
        for piece in server.chunks(1000) {
            assert_eq!(rest, None);
            rest = handshake.feed(piece, &mut out).unwrap();
        }
        assert_eq!(rest.as_deref(), Some(&b"rest"[..]));
        assert_eq!(out[..], [7; PACKET]);
    }

    #[test]
    fn another_service_is_recognised_by_its_first_byte() {
        let mut out = BytesMut::new();
        let mut handshake = Handshake::start(&mut out, 0);
        assert_eq!(
            handshake.feed(b"HTTP/1.1 400 Bad Request", &mut out),
            Err(ProtocolError::Version(b'H'))
        );
    }
}
