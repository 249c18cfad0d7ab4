//! Members of one kind, in the order in which they came.

use signal_fish_protocol::PlayerId;

/// Members of one kind, in the order in which they came.
///
/// The ids lie side by side, apart from what belongs to them: to find the sender of a game message is to run
/// over at most a hundred ids, which takes less than to hash one.
#[derive(Clone, Debug)]
pub(crate) struct Roster<T> {
    ids: Vec<PlayerId>,
    members: Vec<T>,
}

impl<T> Roster<T> {
    pub(crate) const fn new() -> Self {
        Self { ids: Vec::new(), members: Vec::new() }
    }

    pub(crate) const fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub(crate) fn ids(&self) -> &[PlayerId] {
        &self.ids
    }

    /// Where this member is, until someone else is removed.
    pub(crate) fn position(&self, id: PlayerId) -> Option<usize> {
        self.ids.iter().position(|&other| other == id)
    }

    pub(crate) fn contains(&self, id: PlayerId) -> bool {
        self.position(id).is_some()
    }

    pub(crate) fn get(&self, id: PlayerId) -> Option<&T> {
        self.position(id).map(|position| &self.members[position])
    }

    pub(crate) fn at_mut(&mut self, position: usize) -> &mut T {
        &mut self.members[position]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (PlayerId, &T)> {
        self.ids.iter().copied().zip(&self.members)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.members.iter_mut()
    }

    pub(crate) fn push(&mut self, id: PlayerId, member: T) {
        self.ids.push(id);
        self.members.push(member);
    }

    pub(crate) fn remove(&mut self, position: usize) -> T {
        self.ids.remove(position);
        self.members.remove(position)
    }

    /// Removes those whom `keep` does not want.
    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        let mut kept = self.members.iter().map(&keep);
        self.ids.retain(|_| kept.next().expect("each id has a member"));
        drop(kept);
        self.members.retain(keep);
    }

    /// Removes everyone, and says who that was.
    pub(crate) fn clear(&mut self) -> Vec<PlayerId> {
        self.members.clear();
        std::mem::take(&mut self.ids)
    }
}
