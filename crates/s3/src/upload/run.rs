//! Sends a file: whole if it is small, else in parts, several at a time.

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{LocalFile, Plan, Progress, Step, UploadError, error::doing};
use crate::{Client, Error, Part};

/// How a file came to be in the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uploaded {
    /// It was there already.
    Before,
    /// It was sent, wholly or what was missing of it.
    Now,
}

/// Sends `file` to `key`, which nobody else uses for other bytes.
///
/// What an earlier run began is gone on with: parts that S3 has and that are the file's stay.
/// Dropping the future leaves the parts that are there for the next run.
/// At most four parts, or one if it is large, are in memory.
///
/// # Errors
/// [`UploadError`]; but for [`UploadError::Changed`], the parts that are there stay for the next
/// run.
pub async fn upload(
    client: &Client,
    file: &LocalFile,
    key: &str,
    content_type: &str,
    progress: &Progress,
) -> Result<Uploaded, UploadError> {
    let plan = Plan::new(file.length()).ok_or(UploadError::TooLarge)?;
    if is_there(client, key, file.length()).await? {
        return Ok(Uploaded::Before);
    }
    if plan.is_single() {
        let read = file.read(0..file.length(), false).await?;
        client
            .put(key, content_type, read.bytes, &read.sha256, &progress.meter)
            .await
            .map_err(doing("send it"))?;
        return Ok(Uploaded::Now);
    }
    let (upload, there) = begin(client, key, content_type, progress).await?;
    let sender = Sender {
        client,
        file,
        key,
        upload: &upload,
        plan,
        progress,
    };
    match sender.send(&there).await {
        Ok(()) => Ok(Uploaded::Now),
        Err(UploadError::Changed) => {
            // Parts of two files are of no use to anyone.
            if let Err(error) = client.abort_upload(key, &upload).await {
                tracing::warn!("cannot delete the parts that were sent: {error}");
            }
            Err(UploadError::Changed)
        }
        Err(UploadError::S3 { error, .. }) if is_ended(&error) => {
            // By another run that was faster, or by this one, whose answer was lost.
            match is_there(client, key, file.length()).await? {
                true => Ok(Uploaded::Now),
                false => Err(UploadError::Ended),
            }
        }
        Err(error) => Err(error),
    }
}

/// Whether the object is there, whole.
async fn is_there(client: &Client, key: &str, length: u64) -> Result<bool, UploadError> {
    match client.head(key).await {
        Ok(head) => Ok(head.is_some_and(|head| head.length == length)),
        // What is not there is refused to those who may not list the bucket. If they may not do
        // the rest either, that says so.
        Err(Error::Refused(refusal)) if refusal.status == 403 => Ok(false),
        Err(error) => Err(doing("ask whether it is there")(error)),
    }
}

/// The upload that an earlier run began, with its parts, or a new one.
async fn begin(
    client: &Client,
    key: &str,
    content_type: &str,
    progress: &Progress,
) -> Result<(String, Vec<Part>), UploadError> {
    let begun = match client.list_uploads(key).await {
        Ok(begun) => begun,
        // Without the right to look for earlier ones, it begins anew.
        Err(Error::Refused(refusal)) if refusal.status == 403 => Vec::new(),
        Err(error) => return Err(doing("look for an upload that was begun")(error)),
    };
    if let Some(upload) = begun.into_iter().next() {
        match client.list_parts(key, &upload).await {
            Ok(parts) => {
                if !parts.is_empty() {
                    progress.resume();
                }
                return Ok((upload, parts));
            }
            // It ended meanwhile.
            Err(error) if is_ended(&error) => {}
            Err(error) => return Err(doing("ask what is there of it")(error)),
        }
    }
    let upload = client
        .create_upload(key, content_type)
        .await
        .map_err(doing("begin"))?;
    Ok((upload, Vec::new()))
}

fn is_ended(error: &Error) -> bool {
    error
        .refusal()
        .is_some_and(|refusal| refusal.code == "NoSuchUpload")
}

struct Sender<'a> {
    client: &'a Client,
    file: &'a LocalFile,
    key: &'a str,
    upload: &'a str,
    plan: Plan,
    progress: &'a Progress,
}

impl Sender<'_> {
    async fn send(&self, there: &[Part]) -> Result<(), UploadError> {
        let steps = self.plan.steps(there);
        let mut parts: Vec<(u32, String)> = stream::iter(steps)
            .map(|step| self.take(step))
            .buffer_unordered(self.plan.at_a_time())
            .try_collect()
            .await?;
        parts.sort_unstable();
        self.file.check_unchanged().await?;
        self.client
            .complete_upload(self.key, self.upload, &parts)
            .await
            .map_err(doing("put the parts together"))
    }

    /// Sees to it that S3 has a part; its number and entity tag.
    async fn take(&self, step: Step) -> Result<(u32, String), UploadError> {
        let number = step.number();
        let verify = matches!(step, Step::Verify { .. });
        let read = self.file.read(self.plan.range(number), verify).await?;
        if let (Step::Verify { etag, .. }, Some(ours)) = (step, &read.etag)
            && etag == *ours
        {
            self.progress.keep(read.bytes.len() as u64);
            return Ok((number, etag));
        }
        let etag = self
            .client
            .upload_part(
                self.key,
                self.upload,
                number,
                read.bytes,
                &read.sha256,
                &self.progress.meter,
            )
            .await
            .map_err(doing("send a part"))?;
        Ok((number, etag))
    }
}
