//! A publisher made of `rml_rtmp`'s client session.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use bytes::Bytes;
use rml_rtmp::{
    handshake::{Handshake, HandshakeProcessResult, PeerType},
    sessions::{
        ClientSession, ClientSessionConfig, ClientSessionEvent, ClientSessionResult,
        PublishRequestType, StreamMetadata,
    },
    time::RtmpTimestamp,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) const KEY_FRAME: &[u8] = &[0x17, 1, 0, 0, 40, 0, 0, 0, 2, 0x65, 0x88];
pub(crate) const PICTURE: &[u8] = &[0x27, 1, 0xff, 0xff, 0xd8, 0, 0, 0, 1, 0x41];
pub(crate) const VIDEO_HEADER: &[u8] = &[0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x28];
pub(crate) const SOUND: &[u8] = &[0xaf, 1, 0x21, 0x10];
pub(crate) const AUDIO_HEADER: &[u8] = &[0xaf, 0, 0x12, 0x10];

pub(crate) const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

pub(crate) struct Publisher<S> {
    stream: S,
    session: ClientSession,
    events: VecDeque<ClientSessionEvent>,
}

impl Publisher<TcpStream> {
    /// Connects as far as the app.
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect(address).await?, "rtmp").await
    }

    pub(crate) async fn publish(address: SocketAddr, key: &str) -> io::Result<Self> {
        let mut publisher = Self::connect(address).await?;
        publisher.request(key).await?;
        let event = publisher.event().await?;
        assert_eq!(event, ClientSessionEvent::PublishRequestAccepted);
        Ok(publisher)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Publisher<S> {
    pub(crate) async fn over(mut stream: S, scheme: &str) -> io::Result<Self> {
        shake_hands(&mut stream).await?;
        let mut config = ClientSessionConfig::new();
        config.window_ack_size = 10_000;
        config.tc_url = Some(format!("{scheme}://localhost/live"));
        let (session, first) = ClientSession::new(config).unwrap();
        let mut publisher = Self {
            stream,
            session,
            events: VecDeque::new(),
        };
        publisher.take(first).await?;
        let request = publisher.session.request_connection("live".to_owned());
        publisher.take(vec![request.unwrap()]).await?;
        Ok(publisher)
    }

    /// Asks to publish once connected; the answer is the next event.
    pub(crate) async fn request(&mut self, key: &str) -> io::Result<()> {
        let event = self.event().await?;
        assert_eq!(event, ClientSessionEvent::ConnectionRequestAccepted);
        let mode = PublishRequestType::Live;
        let request = self.session.request_publishing(key.to_owned(), mode);
        self.take(vec![request.unwrap()]).await
    }

    pub(crate) async fn metadata(&mut self) -> io::Result<()> {
        let mut metadata = StreamMetadata::new();
        metadata.video_width = Some(1280);
        metadata.video_height = Some(720);
        let message = self.session.publish_metadata(&metadata).unwrap();
        self.take(vec![message]).await
    }

    pub(crate) async fn video(&mut self, timestamp: u32, body: &'static [u8]) -> io::Result<()> {
        let timestamp = RtmpTimestamp::new(timestamp);
        let body = Bytes::from_static(body);
        let message = self.session.publish_video_data(body, timestamp, false);
        self.take(vec![message.unwrap()]).await
    }

    pub(crate) async fn audio(&mut self, timestamp: u32, body: &'static [u8]) -> io::Result<()> {
        let timestamp = RtmpTimestamp::new(timestamp);
        let body = Bytes::from_static(body);
        let message = self.session.publish_audio_data(body, timestamp, false);
        self.take(vec![message.unwrap()]).await
    }

    /// `deleteStream`.
    pub(crate) async fn unpublish(&mut self) -> io::Result<()> {
        let messages = self.session.stop_publishing().unwrap();
        self.take(messages).await
    }

    /// The next event but those about bandwidth.
    pub(crate) async fn event(&mut self) -> io::Result<ClientSessionEvent> {
        loop {
            match self.events.pop_front() {
                Some(ClientSessionEvent::UnhandleableAmf0Command { command_name, .. })
                    if command_name == "onBWDone" => {}
                Some(event) => return Ok(event),
                None => self.receive().await?,
            }
        }
    }

    async fn receive(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let read = self.stream.read(&mut buffer).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let results = self.session.handle_input(&buffer[..read]).unwrap();
        self.take(results).await
    }

    async fn take(&mut self, results: Vec<ClientSessionResult>) -> io::Result<()> {
        for result in results {
            match result {
                ClientSessionResult::OutboundResponse(packet) => {
                    self.stream.write_all(&packet.bytes).await?;
                }
                ClientSessionResult::RaisedEvent(event) => self.events.push_back(event),
                ClientSessionResult::UnhandleableMessageReceived(_) => {}
            }
        }
        self.stream.flush().await
    }
}

async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    let mut handshake = Handshake::new(PeerType::Client);
    let mut answer = handshake.generate_outbound_p0_and_p1().unwrap();
    let mut buffer = [0; 4096];
    loop {
        stream.write_all(&answer).await?;
        stream.flush().await?;
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match handshake.process_bytes(&buffer[..read]).unwrap() {
            HandshakeProcessResult::InProgress { response_bytes } => answer = response_bytes,
            HandshakeProcessResult::Completed { response_bytes, .. } => {
                stream.write_all(&response_bytes).await?;
                return stream.flush().await;
            }
        }
    }
}
