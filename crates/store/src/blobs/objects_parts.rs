//! Cuts a body into parts of the same size for an object store, as it comes or sealed on the way. Knows no store.

use std::{collections::VecDeque, io, sync::Arc};

use bytes::Bytes;
use seal::Sealer;

use super::{
    StageError,
    error::Error,
    intake::{Intake, Portion},
    lane::{Batch, ROOM_UNIT_BYTES, Room},
    sealed::seal_pieces,
};

/// Who is shown the plain bytes.
type Beside<'a> = &'a mut (dyn FnMut(&Arc<Batch>) -> io::Result<()> + Send);

/// The parts of one body.
pub(super) struct Parts<'a> {
    intake: &'a mut Intake,
    /// Taken from the body already.
    first: Option<Portion>,
    beside: Beside<'a>,
    sealing: Option<Sealing>,
}

struct Sealing {
    /// Absent at the end.
    sealer: Option<Sealer>,
    ready: VecDeque<Bytes>,
    ready_bytes: usize,
    /// For plain bytes that are being summed; what is sealed has room of its own.
    room: Room,
}

impl<'a> Parts<'a> {
    pub(super) fn new(intake: &'a mut Intake, first: Portion, beside: Beside<'a>) -> Self {
        Self { intake, first: Some(first), beside, sealing: None }
    }

    pub(super) fn sealed(self, sealer: Sealer, room: Room) -> Self {
        let sealing = Sealing { sealer: Some(sealer), ready: VecDeque::new(), ready_bytes: 0, room };
        Self { sealing: Some(sealing), ..self }
    }

    /// The next part; an empty one at the end.
    pub(super) async fn next(&mut self, part_bytes: usize) -> Result<Portion, StageError> {
        let Some(sealing) = &mut self.sealing else {
            return match self.first.take() {
                Some(first) => Ok(first),
                None => self.intake.next(part_bytes).await,
            };
        };
        while sealing.ready_bytes < part_bytes
            && let Some(sealer) = &mut sealing.sealer
        {
            let portion = match self.first.take() {
                Some(first) => first,
                None => self.intake.next(ROOM_UNIT_BYTES).await?,
            };
            let (len, mut sealed) = (portion.len(), Vec::new());
            if len > 0 {
                let batch = sealing.room.batch(portion.into_pieces(), len).await;
                (self.beside)(&batch).map_err(Error::from)?;
                seal_pieces(sealer, &batch.pieces, &mut sealed);
            } else {
                sealed.extend(sealing.sealer.take().map(Sealer::finish));
            }
            sealing.ready_bytes += sealed.iter().map(Bytes::len).sum::<usize>();
            sealing.ready.extend(sealed);
        }
        Ok(sealing.cut(part_bytes))
    }

    /// A part that is about to be sent.
    pub(super) fn show(&mut self, batch: &Arc<Batch>) -> io::Result<()> {
        if self.sealing.is_some() { Ok(()) } else { (self.beside)(batch) }
    }
}

impl Sealing {
    fn cut(&mut self, part_bytes: usize) -> Portion {
        let mut part = Portion::default();
        while part.len() < part_bytes
            && let Some(mut piece) = self.ready.pop_front()
        {
            let taken = piece.len().min(part_bytes - part.len());
            part.push(piece.split_to(taken));
            if !piece.is_empty() {
                self.ready.push_front(piece);
            }
        }
        self.ready_bytes -= part.len();
        part
    }
}
