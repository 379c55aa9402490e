//! The language between broker and child: frames of a fixed head and a bounded payload.
//!
//! Head: `SKJ1`, kind (1 octet), three zero octets, payload length (8 octets, little endian). Payload: postcard
//! (numeric codes, no type names). A payload must be consumed to its last octet.
//!
//! *Security.* [`decode_head`] refuses a length over the limit of its kind before anything is allocated;
//! [`decode_payload`] allocates no more for a length than stands behind it, because postcard checks each against the
//! rest, and the lists of a draft and a report are read only as far as they may go ([`mail::at_most`]).

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Octets of a frame head.
pub const HEAD_OCTETS: usize = 16;
const MAGIC: [u8; 4] = *b"SKJ1";

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Broker to child: the job.
    Request,
    /// Child to broker: locked and waiting. No payload.
    Ready,
    /// Child to broker: this part is about to be opened.
    Begin,
    /// Child to broker: the answer, and the last frame.
    Answer,
}

impl Kind {
    const fn number(self) -> u8 {
        match self {
            Self::Request => 1,
            Self::Ready => 2,
            Self::Begin => 3,
            Self::Answer => 4,
        }
    }

    const fn of_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Request),
            2 => Some(Self::Ready),
            3 => Some(Self::Begin),
            4 => Some(Self::Answer),
            _ => None,
        }
    }
}

/// Why a frame is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Wrong magic, kind or reserved octets.
    #[error("malformed frame head")]
    Head,
    /// The length is over the limit.
    #[error("frame longer than allowed")]
    Length,
    /// The payload does not decode, or leaves octets over.
    #[error("malformed frame payload")]
    Payload,
}

/// A frame in one piece.
pub fn encode<T: Serialize>(kind: Kind, payload: &T) -> Result<Vec<u8>, FrameError> {
    let body = postcard::to_stdvec(payload).or(Err(FrameError::Payload))?;
    let length = u64::try_from(body.len()).or(Err(FrameError::Length))?;
    let mut frame = Vec::with_capacity(body.len().saturating_add(HEAD_OCTETS));
    frame.extend_from_slice(&MAGIC);
    frame.extend_from_slice(&[kind.number(), 0, 0, 0]);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&body);
    Ok(frame)
}

/// Reads a head; `length_max` is asked for the kind's limit in octets.
pub fn decode_head(
    head: [u8; HEAD_OCTETS],
    length_max: impl Fn(Kind) -> usize,
) -> Result<(Kind, usize), FrameError> {
    let [m0, m1, m2, m3, number, 0, 0, 0, length @ ..] = head else { return Err(FrameError::Head) };
    if [m0, m1, m2, m3] != MAGIC {
        return Err(FrameError::Head);
    }
    let kind = Kind::of_number(number).ok_or(FrameError::Head)?;
    let length = usize::try_from(u64::from_le_bytes(length)).or(Err(FrameError::Length))?;
    if length > length_max(kind) { Err(FrameError::Length) } else { Ok((kind, length)) }
}

/// Reads a payload to its last octet.
pub fn decode_payload<T: DeserializeOwned>(payload: &[u8]) -> Result<T, FrameError> {
    match postcard::take_from_bytes(payload) {
        Ok((value, [])) => Ok(value),
        Ok(_) | Err(_) => Err(FrameError::Payload),
    }
}

/// What the broker asks.
#[expect(clippy::large_enum_variant, reason = "one request a child, made once")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Sanitise a message or a file.
    Sanitise {
        /// What.
        job: sanitiser::Job,
        /// Under which rules.
        policy: policy::Policy,
        /// What is known from earlier attempts.
        supplements: sanitiser::Supplements,
    },
    /// Decode newly written binary parts to their last octet.
    Decode {
        /// The parts of one draft.
        parts: Vec<verifier::BinaryPart>,
        /// What they may cost.
        limits: verifier::DecodeLimits,
    },
}

/// What the child answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// To [`Request::Sanitise`].
    Sanitised(sanitiser::Outcome),
    /// To [`Request::Decode`]: the objections, none if all is well.
    Decoded(Vec<verifier::Objection>),
    /// The request was not understood.
    Refused,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(frame: &[u8]) -> [u8; HEAD_OCTETS] {
        frame[..HEAD_OCTETS].try_into().unwrap()
    }

    #[test]
    fn frames_read_back_and_lies_are_refused() {
        let path = mail::PartPath::root().child(7);
        let frame = encode(Kind::Begin, &path).unwrap();
        let (kind, length) = decode_head(head(&frame), |_| 100).unwrap();
        assert_eq!((kind, length), (Kind::Begin, frame.len() - HEAD_OCTETS));
        assert_eq!(decode_payload(&frame[HEAD_OCTETS..]), Ok(path));
        assert_eq!(decode_head(head(&frame), |_| length - 1), Err(FrameError::Length));
        for index in 0..8 {
            let mut broken = head(&frame);
            broken[index] ^= 0x40;
            assert_eq!(decode_head(broken, |_| 100), Err(FrameError::Head), "octet {index}");
        }
        let mut longer = frame[HEAD_OCTETS..].to_vec();
        longer.push(0);
        assert_eq!(decode_payload::<mail::PartPath>(&longer), Err(FrameError::Payload));
    }

    #[test]
    fn a_list_of_nearly_nothing_cannot_fill_the_memory() {
        let nobody = mail::NamedMailbox { display_name: String::new(), addr_spec: String::new() };
        let read = |count: usize| {
            let fields = mail::Fields { to: vec![nobody.clone(); count], ..mail::Fields::default() };
            let payload = postcard::to_stdvec(&fields).unwrap();
            decode_payload::<mail::Fields>(&payload).map(|fields| fields.to.len())
        };
        assert_eq!(read(300_000), Ok(300_000));
        assert_eq!(read(300_001), Err(FrameError::Payload));
        let undated = mail::Fields { received: vec![None; 300_001], ..mail::Fields::default() };
        let payload = postcard::to_stdvec(&undated).unwrap();
        assert_eq!(decode_payload::<mail::Fields>(&payload), Err(FrameError::Payload));
    }

    #[test]
    fn a_length_inside_a_payload_cannot_claim_more_than_is_there() {
        let lie = [0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(decode_payload::<Vec<u32>>(&lie), Err(FrameError::Payload));
        assert_eq!(decode_payload::<String>(&lie), Err(FrameError::Payload));
    }
}
