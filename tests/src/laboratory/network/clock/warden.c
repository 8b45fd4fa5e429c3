/* Runs a program that may set the wall clock, and moves the clock of the machine's own instead (see shim.c): the kernel
 * asks here before it does anything about clock_settime(2), and is answered that it was done. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BILLION 1000000000LL

static void give_up(const char *what) {
    perror(what);
    exit(125);
}

/* Everything is let through but the calls that set the clock. */
static int listen_for_settings(void) {
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_settime, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_settimeofday, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof steps / sizeof *steps, steps};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static void hand_over(int to, int file) {
    char byte = 0, room[CMSG_SPACE(sizeof file)] = {0};
    struct iovec text = {&byte, 1};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof file);
    *(int *)CMSG_DATA(part) = file;
    if (sendmsg(to, &message, 0) != 1)
        give_up("hand over the listener");
}

static int take_over(int from) {
    char byte, room[CMSG_SPACE(sizeof(int))];
    struct iovec text = {&byte, 1};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
    if (recvmsg(from, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
        give_up("take over the listener");
    return *(int *)CMSG_DATA(CMSG_FIRSTHDR(&message));
}

/* Moves the clock so that it says what was asked for. */
static int moved(pid_t by, uint64_t where) {
    char path[32];
    struct timespec wanted, now;
    snprintf(path, sizeof path, "/proc/%d/mem", by);
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = memory < 0 ? -1 : pread(memory, &wanted, sizeof wanted, (off_t)where);
    if (memory >= 0)
        close(memory);
    if (length != sizeof wanted)
        return -EFAULT;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    int64_t by_ns = (wanted.tv_sec - now.tv_sec) * BILLION + wanted.tv_nsec - now.tv_nsec;
    int clock = open("/run/laboratory-clock", O_WRONLY | O_CLOEXEC);
    length = clock < 0 ? -1 : pwrite(clock, &by_ns, sizeof by_ns, 0);
    if (clock >= 0)
        close(clock);
    return length == sizeof by_ns ? 0 : -EPERM;
}

int main(int count, char **words) {
    int pair[2], status;
    if (count < 2 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        give_up("begin");
    pid_t program = fork();
    if (program == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int listener = listen_for_settings();
        if (listener < 0)
            give_up("filter system calls");
        hand_over(pair[1], listener);
        close(listener);
        execvp(words[1], words + 1);
        give_up(words[1]);
    }
    int listener = take_over(pair[0]);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            struct seccomp_notif asked = {0};
            if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) {
                if (errno == EINTR)
                    continue;
                return 0;
            }
            struct seccomp_notif_resp answer = {.id = asked.id};
            answer.error = moved((pid_t)asked.pid, asked.data.args[1]);
            /* Whoever asked may have gone. */
            ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
        }
    }
    waitpid(program, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
