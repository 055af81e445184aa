//! How much memory the machine has, and how much of it this process has held at most.

/// The machine's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// All of it.
    pub total_bytes: u64,
    /// What can be had without taking it from another program.
    pub free_bytes: u64,
}

/// `None` where the system does not tell.
pub fn room() -> Option<Room> {
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_memory();
    let machine = Room {
        total_bytes: system.total_memory(),
        free_bytes: system.available_memory(),
    };
    if machine.total_bytes == 0 {
        return None;
    }
    // In a container, what the machine has is not what one gets.
    Some(match system.cgroup_limits() {
        Some(limit) => Room {
            total_bytes: limit.total_memory.min(machine.total_bytes),
            free_bytes: limit.free_memory.min(machine.free_bytes),
        },
        None => machine,
    })
}

/// Bytes that were resident at the peak, pages of mapped weights included; 0 where the system does not tell.
#[cfg(target_os = "linux")]
pub fn peak_resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    peak_of(&status).unwrap_or(0)
}

#[cfg(target_os = "linux")]
fn peak_of(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(all(unix, not(target_os = "linux")))]
pub fn peak_resident_bytes() -> u64 {
    use nix::sys::resource::{UsageWho, getrusage};
    // Bytes on macOS, kibibytes on the BSDs.
    let unit = if cfg!(target_vendor = "apple") {
        1
    } else {
        1024
    };
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.max_rss() as u64 * unit)
}

/// Windows tells only what is resident now; asked after the last measurement, that is near the peak,
/// because the cache and the scratch memory of an engine are not given back while it lives.
#[cfg(windows)]
pub fn peak_resident_bytes() -> u64 {
    memory_stats::memory_stats().map_or(0, |stats| stats.physical_mem as u64)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_the_status_of_the_process() {
        assert_eq!(
            peak_of("VmPeak:\t  300 kB\nVmHWM:\t  2048 kB\nVmRSS:\t 9 kB\n"),
            Some(2 << 20)
        );
        assert_eq!(peak_of("VmRSS:\t 9 kB\n"), None);
        assert!(
            peak_resident_bytes() > 1 << 20,
            "a test process is larger than a megabyte"
        );
    }
}
