//! Proofs over what is stored: inclusion and consistency at any size, tiles and entry bundles, receipts.

use std::sync::Arc;

use crate::service::opened::{OpenedEntry, ReadError};
use crate::service::tiling::TileEdge;
use crate::store::connection::StoreError;
use crate::store::rows::Rows;
use crate::tlog::checkpoint::UnverifiedCheckpoint;
use crate::tlog::disclosure::{Salt, salt};
use crate::tlog::hash::{LeafHash, NodeHash, RootHash};
use crate::tlog::member::MemberName;
use crate::tlog::position::{LeafIndex, TreeSize};
use crate::tlog::proof::{ConsistencyProof, InclusionProof, ProveError, prove_consistency, prove_inclusion};
use crate::tlog::tile::{BundleError, TilePath, encode_bundle, tile_hashes};
use crate::tlog::tile_nodes::{TileNodes, TileNodesError, TileSource};
use crate::tlog::tlog_proof::TlogProof;
use crate::tlog::tree;

/// Why a proof could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ProverError {
    /// The store, or an entry in it.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A tile is missing or damaged.
    #[error("the tree cannot be read")]
    Nodes(#[from] TileNodesError<StoreError>),
    /// The caller asks for what is not there.
    #[error("{0}")]
    Outside(String),
    /// The stored checkpoint does not read as one.
    #[error("the stored checkpoint of size {0} does not read as one")]
    Checkpoint(TreeSize),
    /// Entries do not fit into a bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

impl From<StoreError> for ProverError {
    fn from(e: StoreError) -> Self {
        Self::Read(ReadError::Store(e))
    }
}

impl From<ProveError<TileNodesError<StoreError>>> for ProverError {
    fn from(e: ProveError<TileNodesError<StoreError>>) -> Self {
        match e {
            ProveError::Nodes(e) => Self::Nodes(e),
            ProveError::Proof(e) => Self::Outside(e.to_string()),
        }
    }
}

struct StoredTiles<'r> {
    rows: Rows<'r>,
    /// Saves hashing the tiles below the partial ones again, which every proof asks for.
    edge: Option<Arc<TileEdge>>,
}

impl TileSource for StoredTiles<'_> {
    type Error = StoreError;

    fn full_tile(&self, level: u8, n: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.rows.tile(level, n)
    }

    fn tail(&self, from: u64) -> Result<Vec<LeafHash>, StoreError> {
        let mut hashes = Vec::new();
        self.rows.each_entry(from, 256, |_, bytes| {
            hashes.push(LeafHash::of(bytes));
            Ok::<_, StoreError>(())
        })?;
        Ok(hashes)
    }

    fn full_tile_top(&self, level: u8, n: u64) -> Result<Option<NodeHash>, StoreError> {
        Ok(self.edge.as_ref().and_then(|edge| edge.top(level, n)))
    }
}

/// Proves over one consistent state of the store, up to the size that it holds.
pub struct Prover<'r> {
    rows: Rows<'r>,
    nodes: TileNodes<StoredTiles<'r>>,
    held: TreeSize,
}

impl<'r> Prover<'r> {
    /// Over everything that is committed, from the file alone.
    pub fn new(rows: Rows<'r>) -> Result<Self, StoreError> {
        Self::over(rows, None)
    }

    /// The same beside the sequencer, which knows the right edge of the tree.
    pub fn beside(rows: Rows<'r>, edge: Arc<TileEdge>) -> Result<Self, StoreError> {
        Self::over(rows, Some(edge))
    }

    fn over(rows: Rows<'r>, edge: Option<Arc<TileEdge>>) -> Result<Self, StoreError> {
        let held = rows.head()?.map_or(TreeSize::ZERO, |h| h.size);
        Ok(Self { rows, nodes: TileNodes::new(StoredTiles { rows, edge }, held), held })
    }

    /// How many entries there are.
    pub const fn held(&self) -> TreeSize {
        self.held
    }

    /// The root at a size.
    pub fn root(&self, size: TreeSize) -> Result<RootHash, ProverError> {
        Ok(tree::root(&self.nodes, size)?)
    }

    /// That the entry at `index` is in the tree of `size`.
    pub fn inclusion(&self, index: LeafIndex, size: TreeSize) -> Result<InclusionProof, ProverError> {
        Ok(prove_inclusion(&self.nodes, index, size)?)
    }

    /// That the tree of size `to` extends that of size `from`.
    pub fn consistency(&self, from: TreeSize, to: TreeSize) -> Result<ConsistencyProof, ProverError> {
        Ok(prove_consistency(&self.nodes, from, to)?)
    }

    /// The checkpoint of exactly that size, if one was signed.
    pub fn checkpoint_at(&self, size: TreeSize) -> Result<Option<String>, ProverError> {
        Ok(self.rows.checkpoint(size)?.filter(|(found, _)| *found == size).map(|(_, note)| note))
    }

    /// The `.tlog-proof` of an entry under the oldest checkpoint that covers it, or under the one of that size; `None` if no
    /// checkpoint does yet.
    pub fn tlog_proof(&self, index: LeafIndex, size: Option<TreeSize>) -> Result<Option<TlogProof>, ProverError> {
        let Some((size, note)) = self.rows.checkpoint_covering(size.unwrap_or(index.size_with()))? else { return Ok(None) };
        let checkpoint = UnverifiedCheckpoint::parse(note.as_bytes()).map_err(|_| ProverError::Checkpoint(size))?;
        let proof = self.inclusion(index, size)?;
        Ok(Some(TlogProof { extra: None, index, path: proof.path, checkpoint }))
    }

    /// What a path under `tile/` names; `None` if no checkpoint of `published` size implies it.
    pub fn tile(&self, path: TilePath, published: TreeSize) -> Result<Option<Vec<u8>>, ProverError> {
        if !path.is_within(published) {
            return Ok(None);
        }
        match path {
            TilePath::Hashes { level, n, width } => Ok(Some(tile_hashes(&self.nodes, level, n, width)?)),
            TilePath::Entries { n, width } => {
                let mut entries = Vec::new();
                self.rows.each_entry(n * 256, width.get(), |_, bytes| {
                    entries.push(bytes.to_vec());
                    Ok::<_, StoreError>(())
                })?;
                Ok(Some(encode_bundle(&entries)?))
            }
        }
    }
}

/// The salts that open an entry, by member: for the source that reported it, and for readers entitled to the member.
pub fn salts(entry: &OpenedEntry) -> Vec<(&str, Salt)> {
    entry.members.keys().filter_map(|name| MemberName::parse(name).map(|n| (name.as_str(), salt(&entry.seed, &n)))).collect()
}
