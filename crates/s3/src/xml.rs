//! The little XML that S3 speaks, by the reader of the AWS SDK.

use aws_smithy_xml::{
    decode::{Document, ScopedDecoder, XmlDecodeError, try_data},
    encode::ScopeWriter,
};

/// The root of what says no.
const ERROR: &str = "Error";

/// Reads what the root of a document holds.
///
/// Whatever its name is: what stands in for S3 has names of its own, as other clients do not look.
/// An error with a good status is none of these documents, though.
pub(crate) fn read<T>(
    body: &[u8],
    read: impl FnOnce(&mut ScopedDecoder<'_, '_>) -> Result<T, XmlDecodeError>,
) -> Result<T, XmlDecodeError> {
    let mut document = Document::try_from(body.trim_ascii_start())?;
    let mut decoder = document.root_element()?;
    if decoder.start_el().local() == ERROR {
        return Err(XmlDecodeError::custom("it is an error"));
    }
    read(&mut decoder)
}

/// The code of an error; `None` where the document is none.
pub(crate) fn error_code(body: &[u8]) -> Result<Option<String>, XmlDecodeError> {
    let mut document = Document::try_from(body.trim_ascii_start())?;
    let mut decoder = document.root_element()?;
    if decoder.start_el().local() != ERROR {
        return Ok(None);
    }
    let mut code = String::new();
    while let Some(mut element) = decoder.next_tag() {
        if element.start_el().local() == "Code" {
            code = text(&mut element)?;
        }
    }
    Ok(Some(code))
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
