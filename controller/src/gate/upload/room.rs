//! How much is taken in at once: uploads and bytes over all machines, and uploads of one machine, so
//! that none can keep the others out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use befund_model::id::AgentId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Uploads that are taken in at once; more wait, and then come back later.
const AT_ONCE: usize = 512;
/// Uploads of one machine at once.
const OF_ONE: u32 = 4;
/// Compressed bytes that are held at once, in KiB.
const HELD_KIB: usize = 256 << 10;
/// How long an upload waits for room.
const PATIENCE: Duration = Duration::from_secs(5);

/// The room. Clones share it.
#[derive(Clone, Debug)]
pub(in crate::gate) struct Room {
    slots: Arc<Semaphore>,
    kib: Arc<Semaphore>,
    machines: Arc<Mutex<HashMap<AgentId, u32>>>,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            kib: Arc::new(Semaphore::new(HELD_KIB)),
            machines: Arc::default(),
        }
    }
}

/// One upload's place, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    room: Room,
    agent: AgentId,
    _slot: OwnedSemaphorePermit,
    held: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// A place for an upload of this machine; `None` if there is none for too long.
    pub(super) async fn enter(&self, agent: AgentId) -> Option<Place> {
        let slot = Arc::clone(&self.slots).acquire_owned();
        let slot = tokio::time::timeout(PATIENCE, slot).await.ok()?.ok()?;
        let mut machines = self.lock();
        let count = machines.entry(agent).or_default();
        if *count >= OF_ONE {
            return None;
        }
        *count += 1;
        drop(machines);
        Some(Place { room: self.clone(), agent, _slot: slot, held: None })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AgentId, u32>> {
        // Nothing under this lock panics half-way through a change.
        self.machines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits for room for this many more bytes; `None` if there is none for too long.
    pub(super) async fn hold(&mut self, bytes: u64) -> Option<()> {
        let kib = u32::try_from(bytes.div_ceil(1_024)).ok()?;
        let held = Arc::clone(&self.room.kib).acquire_many_owned(kib);
        let held = tokio::time::timeout(PATIENCE, held).await.ok()?.ok()?;
        match &mut self.held {
            Some(all) => all.merge(held),
            none => *none = Some(held),
        }
        Some(())
    }

    /// Gives the bytes back.
    pub(super) fn release(&mut self) {
        self.held = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut machines = self.room.lock();
        if let Some(count) = machines.get_mut(&self.agent) {
            *count -= 1;
            if *count == 0 {
                machines.remove(&self.agent);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_machine_cannot_take_all_the_room() {
        let room = Room::default();
        let agent = |n: u8| AgentId::new(befund_model::Timestamp::UNIX_EPOCH, [n; 10]);
        let mut places = Vec::new();
        for _ in 0..OF_ONE {
            places.push(room.enter(agent(1)).await.expect("a place"));
        }
        assert!(room.enter(agent(1)).await.is_none());
        assert!(room.enter(agent(2)).await.is_some());
        places.pop();
        assert!(room.enter(agent(1)).await.is_some());
        drop(places);
        assert!(room.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_for_room_is_sent_away() {
        let room = Room::default();
        let agent = AgentId::new(befund_model::Timestamp::UNIX_EPOCH, [1; 10]);
        let all = (HELD_KIB as u64) << 10;
        let mut first = room.enter(agent).await.expect("a place");
        let mut second = room.enter(agent).await.expect("a place");
        assert_eq!(first.hold(all).await, Some(()));
        assert_eq!(second.hold(1).await, None);
        first.release();
        assert_eq!(second.hold(1).await, Some(()));
    }
}
