//! Delegations by how they stand now. A standing is of the moment and of the whole chain above, so no index can hold it: it is
//! worked out hit by hit.

use crate::service::criteria::Criteria;
use crate::service::finder::{FindError, Finder, Found};
use crate::service::hit::{Hit, HitKind};
use crate::tlog::position::LeafIndex;

/// The words for how a delegation stands.
pub const STANDINGS: [&str; 5] = ["active", "expired", "revoked", "not_yet_valid", "undetermined"];
/// Delegations looked at in one step.
const STEP: usize = 200;
/// Delegations looked at for one page; then the page ends, however few are on it, and the next one goes on from there.
pub const MAX_LOOKED_AT: usize = 2_000;

/// Delegations among `criteria` that stand so now, the newest first. A page may be shorter than `limit`, or empty, and still
/// have more behind it.
pub fn standing_so(
    finder: &Finder<'_>,
    criteria: &Criteria,
    standing: &str,
    after: Option<LeafIndex>,
    limit: usize,
) -> Result<Found, FindError> {
    let mut so = Found { last: after, ..Found::default() };
    loop {
        let step = finder.find(criteria, so.last, STEP)?;
        so.withheld.extend(step.withheld);
        so.looked_at += step.looked_at;
        let mut hits = step.hits.into_iter();
        for hit in hits.by_ref() {
            let index = hit.entry.index;
            if stands(&hit, standing) {
                so.hits.push(hit);
            }
            if so.hits.len() == limit {
                so.last = Some(index);
                so.has_more = step.has_more || hits.next().is_some();
                return Ok(so);
            }
        }
        so.last = step.last.or(so.last);
        so.has_more = step.has_more;
        if !step.has_more || so.looked_at >= MAX_LOOKED_AT {
            return Ok(so);
        }
    }
}

fn stands(hit: &Hit, word: &str) -> bool {
    matches!(&hit.what, HitKind::Delegation { standing, .. } if standing.as_str() == word)
}
