//! The little XML that S3 speaks, by the reader of the AWS SDK.

use aws_smithy_xml::{
    decode::{Document, ScopedDecoder, XmlDecodeError, try_data},
    encode::ScopeWriter,
};

/// Reads a document whose root is `root`.
pub(crate) fn read<T>(
    body: &[u8],
    root: &str,
    read: impl FnOnce(&mut ScopedDecoder<'_, '_>) -> Result<T, XmlDecodeError>,
) -> Result<T, XmlDecodeError> {
    let mut document = Document::try_from(body.trim_ascii_start())?;
    let mut decoder = document.root_element()?;
    // The namespace is the same everywhere; what stands in for S3 leaves it out at times.
    if decoder.start_el().local() != root {
        return Err(XmlDecodeError::custom(format!("its root is not {root}")));
    }
    read(&mut decoder)
}

/// The name of the root.
pub(crate) fn root(body: &[u8]) -> Result<String, XmlDecodeError> {
    let mut document = Document::try_from(body.trim_ascii_start())?;
    let decoder = document.root_element()?;
    Ok(decoder.start_el().local().to_owned())
}

/// The text of an element.
pub(crate) fn text(element: &mut ScopedDecoder<'_, '_>) -> Result<String, XmlDecodeError> {
    try_data(element).map(|text| text.into_owned())
}

/// The number in an element.
pub(crate) fn number<T: std::str::FromStr>(
    element: &mut ScopedDecoder<'_, '_>,
) -> Result<T, XmlDecodeError> {
    try_data(element)?
        .trim()
        .parse()
        .map_err(|_| XmlDecodeError::custom("a number is not one"))
}

/// Writes an element that holds a text.
pub(crate) fn write(into: &mut ScopeWriter<'_, '_>, name: &str, text: &str) {
    let mut element = into.start_el(name).finish();
    element.data(text);
    element.finish();
}
