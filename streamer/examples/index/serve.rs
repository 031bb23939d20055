//! A server of one file in ranges, which takes its time.

use std::{
    fs::File, io, net::SocketAddr, os::unix::fs::FileExt, path::Path, sync::Arc, time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// Serves the file on a free port of loopback.
pub(crate) async fn serve(path: &Path, delay: Duration) -> io::Result<SocketAddr> {
    let file = Arc::new(File::open(path)?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let file = Arc::clone(&file);
            tokio::spawn(async move { answer(stream, &file, delay).await });
        }
    });
    Ok(address)
}

async fn answer(mut stream: TcpStream, file: &File, delay: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let length = file.metadata()?.len();
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).lines();
    let mut range = (0, length);
    while let Some(line) = lines.next_line().await? {
        if let Some(wanted) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
            let (from, to) = wanted.split_once('-').unwrap_or(("0", ""));
            let from = from.parse().unwrap_or(0);
            range = (
                from,
                to.parse().map_or(length, |to: u64| to + 1).min(length),
            );
        }
        if !line.is_empty() {
            continue;
        }
        tokio::time::sleep(delay).await;
        let mut body = vec![0; (range.1 - range.0) as usize];
        file.read_exact_at(&mut body, range.0)?;
        let head = format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\n\
             Content-Range: bytes {}-{}/{length}\r\nETag: \"1\"\r\n\r\n",
            range.1 - range.0,
            range.0,
            range.1 - 1
        );
        body.splice(0..0, head.into_bytes());
        write.write_all(&body).await?;
    }
    Ok(())
}
