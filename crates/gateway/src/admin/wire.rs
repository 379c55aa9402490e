//! One JSON line each way; the octets of an original follow the answer's line.

use super::{Answer, Ask};
use anyhow::Context;
use std::time::Duration;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    time::timeout,
};

/// Longest request.
const ASK_OCTETS_MAX: u64 = 64 * 1024;
/// Longest answer line.
const ANSWER_OCTETS_MAX: u64 = 64 * 1024 * 1024;
/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// The client's side.
pub(super) async fn ask(mut stream: UnixStream, ask: &Ask) -> anyhow::Result<Answer> {
    stream.write_all(format!("{}\n", serde_json::to_string(ask)?).as_bytes()).await?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    (&mut reader).take(ANSWER_OCTETS_MAX).read_line(&mut line).await?;
    let mut answer: Answer = serde_json::from_str(&line).context("the gateway did not answer")?;
    answer.original = vec![0; answer.octets];
    reader.read_exact(&mut answer.original).await?;
    Ok(answer)
}

/// The gateway's side: what is asked.
pub(super) async fn asked(stream: UnixStream) -> anyhow::Result<(UnixStream, Ask)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    timeout(PATIENCE, (&mut reader).take(ASK_OCTETS_MAX).read_line(&mut line)).await??;
    let ask = serde_json::from_str(&line).context("not a request")?;
    Ok((reader.into_inner(), ask))
}

/// The gateway's side: the answer.
pub(super) async fn tell(mut stream: UnixStream, mut answer: Answer) -> anyhow::Result<()> {
    answer.octets = answer.original.len();
    stream.write_all(format!("{}\n", serde_json::to_string(&answer)?).as_bytes()).await?;
    stream.write_all(&answer.original).await?;
    Ok(stream.shutdown().await?)
}
