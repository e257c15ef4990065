// SPDX-License-Identifier: GPL-2.0
/* Device events over netlink, and those that are asked for by the files uevent. A PCI device is counted on. */
#include <dirent.h>
#include <fcntl.h>
#include "netlink.h"

#define EVENTS_OF_KERNEL	1

static char text[8192];

/* The first PCI device's file @name. */
static const char *device_file(const char *name)
{
	static char path[512];
	DIR *d = opendir("/sys/bus/pci/devices");
	struct dirent *e;

	CHECK(d);
	while ((e = readdir(d)) && e->d_name[0] == '.')
		;
	CHECK(e);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", e->d_name, name);
	closedir(d);
	return path;
}

static int listener(void)
{
	int fd = netlink(LINUX_NETLINK_KOBJECT_UEVENT);

	CHECK(!netlink_bind(fd, 0, EVENTS_OF_KERNEL));
	return fd;
}

static ssize_t ask(const char *what)
{
	int fd = open(device_file("uevent"), O_WRONLY);
	ssize_t n;

	CHECK(fd >= 0);
	n = write(fd, what, strlen(what));
	close(fd);
	return n;
}

/* The value of @key in the event of @n bytes, or NULL. */
static const char *value(const char *key, ssize_t n)
{
	for (const char *at = text; at < text + n; at += strlen(at) + 1)
		if (!strncmp(at, key, strlen(key)) && at[strlen(key)] == '=')
			return at + strlen(key) + 1;
	return NULL;
}

/* The next event for which @what was written, its bytes; others have theirs meanwhile. */
static ssize_t next(int fd, const char *synthetic)
{
	ssize_t n;

	for (;;) {
		n = netlink_receive(fd, text, sizeof(text) - 1);
		text[n] = '\0';
		if (value("SYNTH_UUID", n) && !strcmp(value("SYNTH_UUID", n), synthetic))
			return n;
	}
}

ABI_CASE(device_events_come_to_who_listens)
{
	char target[512], *at;
	unsigned long long first;
	int fd = listener(), other = listener();
	ssize_t n;

	CHECK(realpath(device_file(""), target) && (at = strstr(target, "/devices/")));
	CHECK(ask("add\n") == 4);
	n = next(fd, "0");
	CHECK(!strncmp(text, "add@", 4) && !strcmp(text + 4, at));
	CHECK(!strcmp(value("ACTION", n), "add") && !strcmp(value("DEVPATH", n), at) && !strcmp(value("SUBSYSTEM", n), "pci"));
	CHECK(value("PCI_ID", n) && value("PCI_SLOT_NAME", n) && value("MODALIAS", n));
	first = strtoull(value("SEQNUM", n), NULL, 10);
	CHECK(first && ask("change") == 6);
	n = next(fd, "0");
	CHECK(!strcmp(value("ACTION", n), "change") && strtoull(value("SEQNUM", n), NULL, 10) > first);
	/* Everybody hears it, in the same order. */
	CHECK(next(other, "0") > 0 && !strncmp(text, "add@", 4) && next(other, "0") > 0 && !strncmp(text, "change@", 7));
	CHECK(strtoull(abi_read("/sys/kernel/uevent_seqnum", target, sizeof(target)), NULL, 10) > first);
}

ABI_CASE(device_events_can_be_told_apart_by_who_asked)
{
	int fd = listener();
	ssize_t n;

	CHECK(ask("add fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed A=1 B=abc") > 0);
	n = next(fd, "fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed");
	CHECK(!strcmp(value("SYNTH_ARG_A", n), "1") && !strcmp(value("SYNTH_ARG_B", n), "abc"));
	CHECK_ERR(ask("nothing"), EINVAL);
	CHECK_ERR(ask("add not-a-uuid"), EINVAL);
	CHECK_ERR(ask("add fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eeg"), EINVAL);
	CHECK_ERR(ask("add fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed A"), EINVAL);
	CHECK_ERR(ask("add fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed A=-"), EINVAL);
	CHECK_ERR(ask("adds"), EINVAL);
}

/* What the file says when it is read is what events say; and the kernel signs what it sends. */
ABI_CASE(device_events_are_the_kernels)
{
	union { char bytes[128]; struct cmsghdr align; } control;
	struct linux_sockaddr_nl from;
	struct iovec v = { text, sizeof(text) };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	int fd = listener(), one = 1;
	struct ucred *who;

	CHECK(strstr(abi_read(device_file("uevent"), text, sizeof(text)), "\nPCI_ID=") || !strncmp(text, "PCI_CLASS=", 10));
	CHECK(!setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) && ask("change") > 0 && netlink_ready(fd, WAIT_MS) == POLLIN);
	CHECK(recvmsg(fd, &m, 0) > 0 && from.port == 0 && from.groups == EVENTS_OF_KERNEL);
	who = (struct ucred *)CMSG_DATA(CMSG_FIRSTHDR(&m));
	CHECK(CMSG_FIRSTHDR(&m)->cmsg_type == SCM_CREDENTIALS && who->pid == 0 && who->uid == 0);
}

/* Programs tell each other in the other group, as udev does; that the kernel is sent it too is no harm. */
ABI_CASE(programs_pass_device_events_on)
{
	static const char event[] = "libudev\0some event";
	int fd = netlink(LINUX_NETLINK_KOBJECT_UEVENT), to = netlink(LINUX_NETLINK_KOBJECT_UEVENT);

	CHECK(!netlink_bind(to, 0, 2) && !netlink_bind(fd, 0, 0));
	CHECK(netlink_send(fd, 0, 2, event, sizeof(event), 0) == sizeof(event));
	CHECK(recv(to, text, sizeof(text), 0) == sizeof(event) && !memcmp(text, event, sizeof(event)));
}
