//! The repair of a disk outside of its machine: a copy of the system disk is attached to a rescue machine, repaired
//! there by whoever can, and put in the place of the original.
//!
//! ```text
//!  forth:  snapshot ─► copy ─► attach ─┄ repair ┄─► detach ─► stop ─► exchange ─► start
//!  back:   what was done or perhaps done of: stop ─► exchange back ─► start, detach, delete copy, delete snapshot
//! ```
//!
//! A [`Rescue`] is all that has to be known to go on, or back, after any interruption. Each [`Move`] is noted before it
//! is made; made twice it is made once, since it looks at what is there first. The original disk is never written to,
//! and stays when all is done.

use hyper::http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::arm::{Ask, Azure, version};
use super::error::AzureError;
use super::machine::Machine;
use super::operation::{PACE, PATIENCE};
use super::resource_id::ResourceId;
use super::snapshot::{TAG, gone, system_disk};
use super::vm_id::VmId;

/// Version of the format.
const VERSION: u32 = 1;
/// Data disks that a machine can have at the most.
const LUNS: u32 = 64;

/// A machine whose disk is repaired outside of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rescue {
    /// Version of this format.
    pub version: u32,
    /// When it began.
    pub began: Timestamp,
    /// The machine, `SUBSCRIPTION/GROUP/VM`.
    pub machine: String,
    /// The machine that the copy is attached to.
    pub rescue_machine: String,
    /// The disk that the machine started from in the beginning.
    pub original: ResourceId,
    /// The snapshot of it.
    pub snapshot: ResourceId,
    /// The disk made of the snapshot.
    pub copy: ResourceId,
    /// Whether the machine ran in the beginning.
    pub ran: bool,
    /// Moves that were made.
    pub done: Vec<Move>,
    /// The move that was begun; whether it was made is not known.
    pub begun: Option<Move>,
    /// Moves back that were made.
    pub undone: Vec<Move>,
    /// Going back was begun: there is no way forth any more.
    pub going_back: bool,
}

/// One move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Move {
    /// Takes a snapshot of the system disk.
    Snapshot,
    /// Makes a disk of the snapshot.
    Copy,
    /// Attaches the copy to the rescue machine.
    Attach,
    /// Takes it off there.
    Detach,
    /// Stops (deallocates) the machine.
    Stop,
    /// Puts the copy in the place of the machine's system disk.
    Exchange,
    /// Starts the machine.
    Start,
    /// Puts the original in its place again.
    ExchangeBack,
    /// Deletes the copy.
    DeleteCopy,
    /// Deletes the snapshot.
    DeleteSnapshot,
}

/// What is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// This move is about to be made.
    Begun(Move),
    /// It was made.
    Done(Move),
}

/// Where to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// The copy is attached to the rescue machine.
    Attached,
    /// The machine runs from the copy.
    Exchanged,
    /// Everything is as it was.
    Back,
}

const FORTH: [Move; 7] =
    [Move::Snapshot, Move::Copy, Move::Attach, Move::Detach, Move::Stop, Move::Exchange, Move::Start];

impl Move {
    /// What it does, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Snapshot => "take a snapshot of the system disk",
            Self::Copy => "make a disk of the snapshot",
            Self::Attach => "attach the copy to the rescue machine",
            Self::Detach => "take the copy off the rescue machine",
            Self::Stop => "stop (deallocate) the machine",
            Self::Exchange => "put the copy in the place of the system disk",
            Self::Start => "start the machine",
            Self::ExchangeBack => "put the original disk in its place again",
            Self::DeleteCopy => "delete the copy",
            Self::DeleteSnapshot => "delete the snapshot",
        }
    }
}

impl Rescue {
    /// The next move towards `goal`; `None` when it is reached.
    pub fn next(&self, goal: Goal) -> Option<Move> {
        match goal {
            Goal::Back => self.moves_back().into_iter().nth(self.undone.len()),
            _ => self.rest(goal).first().copied(),
        }
    }

    /// All moves towards `goal` that are still to be made.
    pub fn rest(&self, goal: Goal) -> Vec<Move> {
        let all = match goal {
            Goal::Attached => &FORTH[..3],
            Goal::Exchanged => &FORTH[..],
            Goal::Back => return self.moves_back().split_off(self.undone.len()),
        };
        all.iter().copied().skip(self.done.len()).filter(|step| *step != Move::Start || self.ran).collect()
    }

    /// Notes that `step` is about to be made.
    pub fn begin(&mut self, goal: Goal, step: Move) {
        if goal == Goal::Back {
            self.going_back = true;
        } else {
            self.begun = Some(step);
        }
    }

    /// Notes that `step` was made.
    pub fn end(&mut self, goal: Goal, step: Move) {
        if goal == Goal::Back {
            self.undone.push(step);
        } else {
            self.begun = None;
            self.done.push(step);
        }
    }

    /// Whether the machine runs from the copy and nothing is left to do.
    pub fn is_exchanged(&self) -> bool {
        !self.going_back && self.next(Goal::Exchanged).is_none()
    }

    /// Whether everything was taken back.
    pub fn is_back(&self) -> bool {
        self.going_back && self.next(Goal::Back).is_none()
    }

    /// Whether anything was done, or may have been.
    pub fn has_begun(&self) -> bool {
        self.begun.is_some() || !self.done.is_empty()
    }

    /// What may have been done is taken back as well.
    fn moves_back(&self) -> Vec<Move> {
        let was = |step: Move| self.done.contains(&step) || self.begun == Some(step);
        let mut moves = Vec::new();
        if was(Move::Exchange) {
            moves.extend([Move::Stop, Move::ExchangeBack]);
        }
        if was(Move::Stop) && self.ran {
            moves.push(Move::Start);
        }
        if was(Move::Attach) && !self.done.contains(&Move::Detach) {
            moves.push(Move::Detach);
        }
        if was(Move::Copy) {
            moves.push(Move::DeleteCopy);
        }
        if was(Move::Snapshot) {
            moves.push(Move::DeleteSnapshot);
        }
        moves
    }
}

impl Azure {
    /// Looks at both machines and says how the disk of `vm` would be repaired on `helper`. Nothing is changed.
    ///
    /// # Errors
    /// [`AzureError`]; [`AzureError::NotSuited`] where it cannot be done so.
    pub async fn plan_rescue(&self, vm: &VmId, helper: &VmId, now: Timestamp) -> Result<Rescue, AzureError> {
        let refuse =
            |problem: String, help: &str| Err(AzureError::NotSuited { problem, help: help.to_owned() });
        if vm.to_string().eq_ignore_ascii_case(&helper.to_string()) {
            return refuse(format!("{vm} cannot rescue itself"), "name another machine with --rescue-vm");
        }
        if vm.subscription() != helper.subscription() {
            return refuse(
                format!("{helper} is in another subscription"),
                "use a rescue machine in the subscription of the broken one",
            );
        }
        let machine = self.machine(vm).await?;
        let original = system_disk(vm, &machine)?;
        let os_disk = machine.properties.storage_profile.os_disk.as_ref();
        if os_disk.is_some_and(|disk| disk.encryption_settings.is_some()) {
            return refuse(
                format!("the system disk of {vm} is encrypted with Azure Disk Encryption"),
                "`az vm repair create --unlock-encrypted-vm` can repair it",
            );
        }
        let disk = self.disk("read the system disk", &original).await?.ok_or_else(|| gone(&original))?;
        let kind =
            disk.properties.security_profile.as_ref().and_then(|profile| profile["securityType"].as_str());
        if kind.is_some_and(|kind| kind.starts_with("Confidential")) {
            return refuse(
                format!("{vm} is a confidential machine, whose disk no other machine can read"),
                "repair it over the serial console",
            );
        }
        let rescuer = self.machine(helper).await?;
        if !rescuer.location.eq_ignore_ascii_case(&machine.location) {
            return refuse(
                format!("{helper} is in {}, not in {}", rescuer.location, machine.location),
                "use a rescue machine in the region of the broken one",
            );
        }
        if !disk.zones.is_empty() && rescuer.zones != disk.zones {
            return refuse(
                format!("{helper} is not in the zone of the disk ({})", disk.zones.join(", ")),
                "use a rescue machine in that zone",
            );
        }
        free_lun(helper, &rescuer)?;
        let power = machine.properties.instance_view.power();
        let stem: String = vm.name().chars().take(40).collect();
        let name = format!("{stem}-rescue-{}", now.strftime("%Y%m%dT%H%M%SZ"));
        Ok(Rescue {
            version: VERSION,
            began: now,
            machine: vm.to_string(),
            rescue_machine: helper.to_string(),
            snapshot: Self::snapshot_id(&original, &format!("{name}-snapshot")),
            copy: original.beside("Microsoft.Compute/disks", &name),
            original,
            ran: power.is_none_or(|power| !power.has_no_console()),
            done: Vec::new(),
            begun: None,
            undone: Vec::new(),
            going_back: false,
        })
    }

    /// Goes on towards `goal`. `note` puts the state on disk, before each move and after it.
    ///
    /// # Errors
    /// [`AzureError`], and those of `note`. Called again, it goes on where it stopped.
    pub async fn pursue<E: From<AzureError>>(
        &self,
        rescue: &mut Rescue,
        goal: Goal,
        note: &mut dyn FnMut(&Rescue, Noted) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(step) = rescue.next(goal) {
            rescue.begin(goal, step);
            note(rescue, Noted::Begun(step))?;
            self.make(rescue, step).await?;
            rescue.end(goal, step);
            note(rescue, Noted::Done(step))?;
        }
        Ok(())
    }

    /// Makes a move. Made again it changes nothing.
    async fn make(&self, rescue: &Rescue, step: Move) -> Result<(), AzureError> {
        let vm = id(&rescue.machine)?;
        let helper = id(&rescue.rescue_machine)?;
        // What was begun before an interruption may still be under way, and would not be seen.
        self.settled(&vm).await?;
        self.settled(&helper).await?;
        match step {
            Move::Snapshot => {
                self.snapshot_of(&vm, &rescue.original, rescue.snapshot.name()).await?;
            }
            Move::Copy => self.copy(&vm, rescue).await?,
            Move::Attach => self.attach(&helper, &rescue.copy).await?,
            Move::Detach => self.detach(&helper, &rescue.copy).await?,
            Move::Stop => {
                self.deallocate(&vm).await?;
            }
            Move::Exchange => self.exchange(&vm, &rescue.original, &rescue.copy).await?,
            Move::ExchangeBack => self.exchange(&vm, &rescue.copy, &rescue.original).await?,
            Move::Start => {
                self.start(&vm).await?;
            }
            Move::DeleteCopy => self.delete_own(step.title(), &vm, &rescue.copy).await?,
            Move::DeleteSnapshot => self.delete_own(step.title(), &vm, &rescue.snapshot).await?,
        }
        Ok(())
    }

    /// Waits while something is under way on the machine.
    pub(super) async fn settled(&self, vm: &VmId) -> Result<(), AzureError> {
        self.until_settled("wait for another operation on the machine", async || {
            Ok(self.machine(vm).await?.properties.provisioning_state)
        })
        .await
    }

    async fn until_settled(
        &self,
        what: &str,
        state: impl AsyncFn() -> Result<String, AzureError>,
    ) -> Result<(), AzureError> {
        let began = Instant::now();
        while matches!(state().await?.to_ascii_lowercase().as_str(), "updating" | "creating" | "deleting") {
            if began.elapsed() > PATIENCE {
                return Err(AzureError::TooSlow { what: what.to_owned(), after: began.elapsed() });
            }
            self.tell(&format!("to {what}: {} s so far", began.elapsed().as_secs()));
            sleep(PACE).await;
        }
        Ok(())
    }

    async fn copy(&self, vm: &VmId, rescue: &Rescue) -> Result<(), AzureError> {
        if let Some(present) = self.disk("read the copy", &rescue.copy).await? {
            if present.properties.creation_data.source_resource_id.as_ref() != Some(&rescue.snapshot) {
                return Err(AzureError::NotSuited {
                    problem: format!("there is a disk {} already, of something else", rescue.copy.name()),
                    help: "take the rescue back (`sacpilot azure rescue undo`) and begin again".to_owned(),
                });
            }
            if present.properties.provisioning_state.eq_ignore_ascii_case("Succeeded") {
                return Ok(());
            }
        }
        let original = &rescue.original;
        let disk = self.disk("read the system disk", original).await?.ok_or_else(|| gone(original))?;
        let mut body = json!({
            "location": disk.location,
            "tags": { TAG: vm.to_string() },
            "properties": {
                "creationData": { "createOption": "Copy", "sourceResourceId": rescue.snapshot.to_string() },
                "osType": "Windows",
            },
        });
        if let Some(sku) = disk.sku {
            body["sku"] = json!({ "name": sku.name });
        }
        if !disk.zones.is_empty() {
            body["zones"] = json!(disk.zones);
        }
        // The machine only takes a disk that is of the same kind as its own.
        let properties = disk.properties;
        let kinds = [
            ("hyperVGeneration", properties.hyper_v_generation.map(Into::into)),
            ("securityProfile", properties.security_profile),
            ("encryption", properties.encryption),
        ];
        for (key, value) in kinds {
            if let Some(value) = value {
                body["properties"][key] = value;
            }
        }
        let path = rescue.copy.path();
        let ask = Ask::new(Move::Copy.title(), Method::PUT, path, version::DISKS).body(body);
        self.carry_out(rescue.copy.subscription(), &ask).await.map(|_| ())
    }

    async fn attach(&self, helper: &VmId, copy: &ResourceId) -> Result<(), AzureError> {
        let machine = self.machine(helper).await?;
        if has_data_disk(&machine, copy) {
            return Ok(());
        }
        let lun = free_lun(helper, &machine)?;
        let body = json!({ "dataDisksToAttach": [{ "diskId": copy.to_string(), "lun": lun }] });
        self.change_disks(helper, Move::Attach.title(), body).await
    }

    async fn detach(&self, helper: &VmId, copy: &ResourceId) -> Result<(), AzureError> {
        if !has_data_disk(&self.machine(helper).await?, copy) {
            return Ok(());
        }
        let body = json!({ "dataDisksToDetach": [{ "diskId": copy.to_string() }] });
        self.change_disks(helper, Move::Detach.title(), body).await
    }

    async fn change_disks(
        &self,
        helper: &VmId,
        what: &str,
        body: serde_json::Value,
    ) -> Result<(), AzureError> {
        let path = format!("{}/attachDetachDataDisks", helper.path());
        let ask = Ask::new(what, Method::POST, path, version::COMPUTE).body(body);
        self.carry_out(helper.subscription(), &ask).await.map(|_| ())
    }

    /// Puts `new` in the place of `old`. A third disk there means that somebody else was at work.
    async fn exchange(&self, vm: &VmId, old: &ResourceId, new: &ResourceId) -> Result<(), AzureError> {
        const WHAT: &str = "exchange the system disk";
        let present = system_disk(vm, &self.machine(vm).await?)?;
        if present == *new {
            return Ok(());
        }
        if present != *old {
            return Err(AzureError::NotSuited {
                problem: format!(
                    "{vm} starts from {}, which is neither its old disk nor the copy",
                    present.name()
                ),
                help: "somebody else changed the machine meanwhile: look at it in the portal".to_owned(),
            });
        }
        let disk = json!({ "name": new.name(), "managedDisk": { "id": new.to_string() } });
        let body = json!({ "properties": { "storageProfile": { "osDisk": disk } } });
        let ask = Ask::new(WHAT, Method::PATCH, vm.path(), version::COMPUTE).body(body);
        self.carry_out(vm.subscription(), &ask).await.map(|_| ())
    }

    /// Deletes what we made for `vm`, and nothing else.
    async fn delete_own(&self, what: &str, vm: &VmId, id: &ResourceId) -> Result<(), AzureError> {
        self.until_settled(what, async || {
            let disk = self.disk(what, id).await?;
            Ok(disk.map(|disk| disk.properties.provisioning_state).unwrap_or_default())
        })
        .await?;
        let Some(present) = self.disk(what, id).await? else { return Ok(()) };
        if present.tags.get(TAG).and_then(|tag| tag.as_str()) != Some(&vm.to_string()) {
            return Err(AzureError::NotSuited {
                problem: format!(
                    "{} does not carry the tag {TAG} of this machine, so it is not deleted",
                    id.name()
                ),
                help: "delete it in the portal, if it is not needed".to_owned(),
            });
        }
        self.delete_disk(what, id).await
    }
}

fn id(text: &str) -> Result<VmId, AzureError> {
    text.parse().map_err(|error: super::vm_id::VmIdError| AzureError::NotSuited {
        problem: format!("the state of the rescue names no machine: {error}"),
        help: "was its file edited? begin again without it".to_owned(),
    })
}

fn has_data_disk(machine: &Machine, disk: &ResourceId) -> bool {
    let attached = machine.properties.storage_profile.data_disks.iter();
    attached.filter_map(|data| data.managed_disk.as_ref()).any(|data| data.id.parse().as_ref() == Ok(disk))
}

fn free_lun(helper: &VmId, machine: &Machine) -> Result<u32, AzureError> {
    let taken: Vec<u32> = machine.properties.storage_profile.data_disks.iter().map(|disk| disk.lun).collect();
    (0..LUNS).find(|lun| !taken.contains(lun)).ok_or_else(|| AzureError::NotSuited {
        problem: format!("{helper} has no room for another data disk"),
        help: "take one off it, or name another rescue machine with --rescue-vm".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rescue(ran: bool) -> Rescue {
        let disk = |name: &str| {
            format!("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/{name}")
                .parse()
                .unwrap()
        };
        Rescue {
            version: VERSION,
            began: Timestamp::UNIX_EPOCH,
            machine: "s/g/a".to_owned(),
            rescue_machine: "s/g/b".to_owned(),
            original: disk("o"),
            snapshot: disk("s"),
            copy: disk("c"),
            ran,
            done: Vec::new(),
            begun: None,
            undone: Vec::new(),
            going_back: false,
        }
    }

    fn go(rescue: &mut Rescue, goal: Goal) -> Vec<Move> {
        let mut made = Vec::new();
        while let Some(step) = rescue.next(goal) {
            rescue.begin(goal, step);
            rescue.end(goal, step);
            made.push(step);
        }
        made
    }

    #[test]
    fn forth_and_back() {
        let mut it = rescue(true);
        assert_eq!(go(&mut it, Goal::Attached), FORTH[..3]);
        assert_eq!(it.rest(Goal::Exchanged), FORTH[3..]);
        assert_eq!(go(&mut it, Goal::Exchanged), FORTH[3..]);
        assert!(it.is_exchanged());
        let back = [Move::Stop, Move::ExchangeBack, Move::Start, Move::DeleteCopy, Move::DeleteSnapshot];
        assert_eq!(go(&mut it, Goal::Back), back);
        assert!(it.is_back() && !it.is_exchanged());

        let mut off = rescue(false);
        go(&mut off, Goal::Attached);
        assert_eq!(go(&mut off, Goal::Exchanged), FORTH[3..6], "a machine that was off stays off");
    }

    #[test]
    fn what_was_only_begun_is_taken_back_too() {
        let mut it = rescue(true);
        for step in FORTH {
            it.begin(Goal::Exchanged, step);
            let back = it.rest(Goal::Back);
            let expected: &[Move] = match step {
                Move::Snapshot => &[Move::DeleteSnapshot],
                Move::Copy => &[Move::DeleteCopy, Move::DeleteSnapshot],
                Move::Attach | Move::Detach => &[Move::Detach, Move::DeleteCopy, Move::DeleteSnapshot],
                Move::Stop => &[Move::Start, Move::DeleteCopy, Move::DeleteSnapshot],
                _ => &[Move::Stop, Move::ExchangeBack, Move::Start, Move::DeleteCopy, Move::DeleteSnapshot],
            };
            assert_eq!(back, expected, "{step:?}");
            it.end(Goal::Exchanged, step);
        }
    }

    #[test]
    fn the_state_is_read_as_it_was_written() {
        let mut it = rescue(true);
        it.begin(Goal::Attached, Move::Snapshot);
        let text = serde_json::to_string(&it).unwrap();
        assert_eq!(serde_json::from_str::<Rescue>(&text).unwrap(), it);
    }
}
