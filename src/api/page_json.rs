//! The API's answers at the addresses of pages: `/actions/act-91.json` is the walk of that action. Each is one more row with the
//! API's own handler, so that the two cannot differ.

use crate::http::route::{Registered, Route};

/// Operation, the page's address, the row's name.
const PAGES: [(&str, &str, &str); 10] = [
    ("walkAction", "/actions/{id}.json", "walkActionOfPage"),
    ("readDelegation", "/delegations/{id}.json", "readDelegationOfPage"),
    ("listDelegations", "/delegations.json", "listDelegationsOfPage"),
    ("readPrincipal", "/people/{id}.json", "readPrincipalOfPage"),
    ("listPrincipals", "/people.json", "listPrincipalsOfPage"),
    ("readAgent", "/agents/{id}.json", "readAgentOfPage"),
    ("readDocument", "/documents/{sha256}.json", "readDocumentOfPage"),
    ("readEntry", "/entries/{index}.json", "readEntryOfPage"),
    ("search", "/search.json", "searchOfPage"),
    ("readOverview", "/overview.json", "readOverviewOfPage"),
];

/// The rows, from those of the API.
pub fn routes(api: &[Registered]) -> Vec<Registered> {
    let row = |(operation, path, operation_id): (&str, &'static str, &'static str)| {
        let twin = api.iter().find(|row| row.route.operation_id == operation)?;
        Some(Registered { route: Route { path, operation_id, ..twin.route.clone() }, handler: twin.handler })
    };
    PAGES.into_iter().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_twin_and_its_own_name() {
        let all = crate::api::routes();
        for (operation, path, operation_id) in PAGES {
            let of = |id: &str| all.iter().filter(|row| row.route.operation_id == id).map(|row| row.route.path).collect::<Vec<_>>();
            assert_eq!(of(operation_id), [path], "{operation_id}");
            assert!(of(operation)[0].starts_with("/v1/"), "{operation}");
        }
    }
}
