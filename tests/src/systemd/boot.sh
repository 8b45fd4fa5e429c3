# Makes the root of a machine of its own out of this system's files, and becomes its first process.
# Run in new namespaces of mounts, processes, names, IPC and control groups; $1 is a folder that has
# what is laid over this system's files in `files`.
set -e
mkdir "$1/layer" "$1/root"
mount -t tmpfs -o mode=0755 tmpfs "$1/layer"
mkdir "$1/layer/upper" "$1/layer/work"
cp -R "$1/files/." "$1/layer/upper"
mount -t overlay -o "lowerdir=/,upperdir=$1/layer/upper,workdir=$1/layer/work" overlay "$1/root"
cd "$1/root"
# What the kernel shares between this machine and the other one may only be read.
mount -t proc -o nosuid,nodev,noexec proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro,nosuid,nodev,noexec proc/sys
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=0755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=0755 tmpfs dev
for device in null zero full random urandom tty; do
    : > "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
ln -s /proc/self/fd dev/fd
ln -s pts/ptmx dev/ptmx
mkdir dev/pts dev/shm old
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
pivot_root . old
umount -l /old
# The network is shared, so that the machine reaches a controller outside: nothing in it may be
# changed, nor the clock, nor the kernel.
never=-net_admin,-sys_time,-sys_module,-sys_rawio,-sys_boot,-mknod
exec setpriv --bounding-set "$never" --inh-caps "$never" \
    env -i container=befund-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=befund-test.target
