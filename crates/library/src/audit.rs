//! Who did what: lines of all tenants in the order of their chain, for whoever runs the server, and whether the chain holds.

use store::audit::{ChainEnds, ChainedLine, hash_of};

use crate::{Actor, Fault, Library};

/// Lines are read, and get their places, so many at a time.
const PAGE: i64 = 1_000;

/// What a look at the whole chain found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditChecked {
    /// How many lines there are.
    pub lines: u64,
    /// The place of the last, from 1.
    pub place: i64,
    /// Its hash: who keeps it elsewhere can tell later whether the end was cut off or written anew.
    pub hash: [u8; 32],
    /// The place up to which lines were removed because of their age.
    pub dropped_until: i64,
    /// Where it is broken, if it is.
    pub broken: Option<Broken>,
}

/// Where a chain does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The line at this place is gone.
    Removed(i64),
    /// The line at this place is not what it was, or one before it was put in its place.
    Edited(i64),
    /// The chain was longer: it ended at this place.
    CutOff(i64),
    /// At this place the hash was another when somebody wrote it down.
    Other(i64),
    /// Lines have places, and where the chain begins and ends is gone.
    WithoutEnds,
}

impl Library {
    /// Gives the audit's lines their places in the chain.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn chain_audit(&self) -> Result<(), Fault> {
        while self.inner.catalog.chain_audit(PAGE).await? == PAGE.unsigned_abs() {}
        Ok(())
    }

    /// The audit's lines behind a place, in order; some at a time, and none at the end.
    ///
    /// # Errors
    /// `Denied` for all but the command line.
    pub async fn chained_audit(&self, actor: &Actor, after: i64) -> Result<Vec<ChainedLine>, Fault> {
        actor.expect_system()?;
        Ok(self.inner.catalog.chained_audit(after, PAGE).await?)
    }

    /// Looks at every line. `known`: a place and the hash that it had when somebody wrote it down.
    ///
    /// # Errors
    /// `Denied` for all but the command line.
    pub async fn check_audit(&self, actor: &Actor, known: Option<(i64, [u8; 32])>) -> Result<AuditChecked, Fault> {
        actor.expect_system()?;
        if self.inner.catalog.audit_ends().await?.is_none() && !self.chained_audit(actor, 0).await?.is_empty() {
            return Ok(AuditChecked { broken: Some(Broken::WithoutEnds), ..AuditChecked::default() });
        }
        self.chain_audit().await?;
        let Some(ends) = self.inner.catalog.audit_ends().await? else {
            let broken = known.map(|(place, _)| Broken::CutOff(place));
            return Ok(AuditChecked { broken, ..AuditChecked::default() });
        };
        let ChainEnds { before_place, before_hash, .. } = ends;
        let start =
            AuditChecked { place: before_place, hash: before_hash, dropped_until: before_place, ..Default::default() };
        let mut checked = start;
        loop {
            let page = self.chained_audit(actor, checked.place).await?;
            if page.is_empty() {
                break;
            }
            for line in &page {
                let expected = checked.place + 1;
                if line.place != expected {
                    return Ok(AuditChecked { broken: Some(Broken::Removed(expected)), ..checked });
                }
                if hash_of(&checked.hash, line.tenant_id, &line.line) != line.hash {
                    return Ok(AuditChecked { broken: Some(Broken::Edited(expected)), ..checked });
                }
                checked = AuditChecked { lines: checked.lines + 1, place: line.place, hash: line.hash, ..checked };
                if known.is_some_and(|(place, hash)| place == line.place && hash != line.hash) {
                    return Ok(AuditChecked { broken: Some(Broken::Other(line.place)), ..checked });
                }
            }
        }
        // More may have come since the ends were read.
        let longest = ends.place.max(known.map_or(0, |(place, _)| place));
        if checked.place < longest {
            checked.broken = Some(Broken::CutOff(longest));
        }
        Ok(checked)
    }

    /// Removes lines that are older than they have to be.
    pub(crate) async fn drop_old_audit(&self) -> Result<(), Fault> {
        let age_ms = self.inner.limits.audit_age_ms;
        if age_ms == 0 {
            return Ok(());
        }
        while self.inner.catalog.drop_old_audit(self.now_ms() - age_ms, PAGE).await? > 0 {}
        Ok(())
    }
}
