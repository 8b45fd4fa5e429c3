//! A file system in memory that remembers what was synced and what was not, and makes every image that a power
//! cut can leave of it.
//!
//! As ext4 and xfs allow: names change in the order in which they were changed, and any last part of the changes
//! since the folder's sync may be lost; of a file's bytes since its own sync any last part may be lost, the last
//! write may be torn, and a part in the middle may read as zeros while later ones are there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::rc::Rc;

use befund_executor::journal::{Io, Listed};

/// One change, as it was asked for.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Create { name: String, inode: usize },
    Append { inode: usize, bytes: Vec<u8> },
    Sync { inode: usize },
    Rename { from: String, to: String },
    Remove { name: String },
    SyncFolder,
}

/// The files of one folder, by name.
pub(crate) type Image = BTreeMap<String, Vec<u8>>;

/// What goes wrong with the disk, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The append or sync with this number, among all operations, fails; an append having written half.
    Once(usize),
}

#[derive(Debug)]
struct State {
    ops: Vec<Op>,
    inodes: Vec<Vec<u8>>,
    names: BTreeMap<String, usize>,
    fault: Fault,
}

/// The file system. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Disk(Rc<RefCell<State>>);

impl Disk {
    /// One on which this is, all of it synced.
    pub(crate) fn of(image: &Image) -> Self {
        let (mut inodes, mut names) = (Vec::new(), BTreeMap::new());
        for (name, bytes) in image {
            names.insert(name.clone(), inodes.len());
            inodes.push(bytes.clone());
        }
        Self(Rc::new(RefCell::new(State { ops: Vec::new(), inodes, names, fault: Fault::None })))
    }

    pub(crate) fn fail(&self, fault: Fault) {
        self.0.borrow_mut().fault = fault;
    }

    /// What was done so far.
    pub(crate) fn ops(&self) -> Vec<Op> {
        self.0.borrow().ops.clone()
    }

    pub(crate) fn done(&self) -> usize {
        self.0.borrow().ops.len()
    }

    /// What stands there now, synced or not: what a process finds that was killed and started again.
    pub(crate) fn image(&self) -> Image {
        let state = self.0.borrow();
        state
            .names
            .iter()
            .map(|(name, inode)| (name.clone(), state.inodes[*inode].clone()))
            .collect()
    }
}

impl State {
    fn inode(&self, path: &Path) -> io::Result<usize> {
        self.names.get(&name(path)).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn fails(&mut self) -> bool {
        let fails = self.fault == Fault::Once(self.ops.len());
        if fails {
            self.fault = Fault::None;
        }
        fails
    }
}

fn name(path: &Path) -> String {
    path.file_name().expect("a file").to_str().expect("text").to_owned()
}

impl Io for Disk {
    fn make_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        let inode = state.inodes.len();
        state.inodes.push(Vec::new());
        state.names.insert(name(path), inode);
        state.ops.push(Op::Create { name: name(path), inode });
        Ok(())
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        let inode = state.inode(path)?;
        let fails = state.fails();
        let written = if fails { &bytes[..bytes.len() / 2] } else { bytes };
        state.inodes[inode].extend_from_slice(written);
        state.ops.push(Op::Append { inode, bytes: written.to_owned() });
        if fails { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        let inode = state.inode(path)?;
        if state.fails() {
            return Err(io::Error::other("the disk has failed"));
        }
        state.ops.push(Op::Sync { inode });
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        let inode = state.inode(from)?;
        state.names.remove(&name(from));
        state.names.insert(name(to), inode);
        state.ops.push(Op::Rename { from: name(from), to: name(to) });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        if state.names.remove(&name(path)).is_some() {
            state.ops.push(Op::Remove { name: name(path) });
        }
        Ok(())
    }

    fn read(&self, path: &Path, _: u64) -> io::Result<Vec<u8>> {
        let state = self.0.borrow();
        Ok(state.inodes[state.inode(path)?].clone())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<Listed>> {
        let listed = |(name, bytes): (String, Vec<u8>)| Listed { name, size: bytes.len() as u64 };
        Ok(self.image().into_iter().map(listed).collect())
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        self.0.borrow_mut().ops.push(Op::SyncFolder);
        Ok(())
    }
}

/// How finely a torn write is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cuts {
    /// At every byte.
    EveryByte,
    /// At so many places.
    Some(usize),
}

/// Every image that a power cut can leave that comes right after these operations, on a disk that held `base`.
pub(crate) fn images(base: &Image, ops: &[Op], cuts: Cuts) -> Vec<Image> {
    let synced = ops.iter().rposition(|op| matches!(op, Op::SyncFolder)).map_or(0, |at| at + 1);
    // Inodes of the base have the first numbers, as in `Disk::of`.
    let mut trees = vec![BTreeMap::new()];
    trees[0].extend(base.keys().cloned().zip(0..));
    for (at, op) in ops.iter().enumerate() {
        let mut tree = trees.last().expect("one at least").clone();
        match op {
            Op::Create { name, inode } => {
                tree.insert(name.clone(), *inode);
            }
            Op::Rename { from, to } => {
                let inode = tree.remove(from).expect("it was there");
                tree.insert(to.clone(), inode);
            }
            Op::Remove { name } => {
                tree.remove(name);
            }
            Op::Append { .. } | Op::Sync { .. } | Op::SyncFolder => continue,
        }
        if at < synced {
            trees.pop();
        }
        trees.push(tree);
    }
    trees.into_iter().flat_map(|tree| of_tree(base, ops, &tree, cuts)).collect()
}

/// The images of one state of the names: each file in each of its states, with the others as they were synced and
/// as they were written. (Every combination of torn writes of several files would show nothing new: each file is
/// read by itself.)
fn of_tree(base: &Image, ops: &[Op], tree: &BTreeMap<String, usize>, cuts: Cuts) -> Vec<Image> {
    let states: BTreeMap<&String, Vec<Vec<u8>>> =
        tree.iter().map(|(name, inode)| (name, contents(base, ops, *inode, cuts))).collect();
    let plain = |pick: fn(&Vec<Vec<u8>>) -> &Vec<u8>| -> Image {
        states.iter().map(|(name, states)| ((*name).clone(), pick(states).clone())).collect()
    };
    let synced = plain(|states| &states[0]);
    let written = plain(|states| states.last().expect("one at least"));
    let mut images = vec![synced.clone()];
    for (name, states) in &states {
        for others in [&synced, &written] {
            for state in states.iter().skip(usize::from(*others == synced)) {
                let mut image = others.clone();
                image.insert((*name).clone(), state.clone());
                images.push(image);
            }
            if synced == written {
                break;
            }
        }
    }
    images
}

/// What a file may hold.
fn contents(base: &Image, ops: &[Op], inode: usize, cuts: Cuts) -> Vec<Vec<u8>> {
    let mut synced: Vec<u8> = base.values().nth(inode).cloned().unwrap_or_default();
    let mut pending: Vec<&[u8]> = Vec::new();
    for op in ops {
        match op {
            Op::Append { inode: of, bytes } if *of == inode => pending.push(bytes),
            Op::Sync { inode: of } if *of == inode => {
                pending.drain(..).for_each(|bytes| synced.extend_from_slice(bytes));
            }
            _of_another => {}
        }
    }
    let mut found = vec![synced.clone()];
    let mut there = synced;
    for (index, write) in pending.iter().enumerate() {
        let step = match cuts {
            Cuts::EveryByte => 1,
            Cuts::Some(places) => write.len().div_ceil(places).max(1),
        };
        for cut in (1..=write.len()).step_by(step).chain([write.len()]) {
            found.push([&there, &write[..cut]].concat());
        }
        // Of this write nothing, or only its second half, but all that was written after it.
        let after = pending[index + 1..].concat();
        let half = write.len() / 2;
        found.push([&there[..], &vec![0; write.len()], &after].concat());
        found.push([&there[..], &vec![0; half], &write[half..], &after].concat());
        there.extend_from_slice(write);
    }
    found.push(there);
    found.dedup();
    found
}
