/*
 * sendmsg(3SOCKET): a message has control data if the program requests a
 * standard that has it, and otherwise "access rights".  A count of buffers is
 * an int.
 */
#ifndef FAKE_ILLUMOS_SOCKET_H
#define FAKE_ILLUMOS_SOCKET_H
#pragma GCC system_header

#include <sys/types.h>
#include <sys/uio.h>

#define msghdr		glibc_msghdr
#define cmsghdr		glibc_cmsghdr
#define sendmsg		glibc_sendmsg
#define recvmsg		glibc_recvmsg
#define sendmmsg	glibc_sendmmsg
#define recvmmsg	glibc_recvmmsg
#define MSG_CMSG_CLOEXEC GLIBC_MSG_CMSG_CLOEXEC
#define MSG_CONFIRM	GLIBC_MSG_CONFIRM
#define MSG_ERRQUEUE	GLIBC_MSG_ERRQUEUE
#define MSG_MORE	GLIBC_MSG_MORE
#include_next <sys/socket.h>
#undef msghdr
#undef cmsghdr
#undef sendmsg
#undef recvmsg
#undef sendmmsg
#undef recvmmsg
#undef CMSG_ALIGN
#undef CMSG_SPACE
#undef CMSG_LEN
#undef CMSG_DATA
#undef CMSG_FIRSTHDR
#undef CMSG_NXTHDR

struct msghdr {
	void		*msg_name;
	socklen_t	 msg_namelen;
	struct iovec	*msg_iov;
	int		 msg_iovlen;
#ifdef _XPG4_2
	void		*msg_control;
	socklen_t	 msg_controllen;
	int		 msg_flags;
#else
	caddr_t		 msg_accrights;
	int		 msg_accrightslen;
#endif
};

struct cmsghdr {
	socklen_t	 cmsg_len;
	int		 cmsg_level;
	int		 cmsg_type;
};

#ifdef _XPG4_2
#define CMSG_DATA(header)	((unsigned char *)((header) + 1))
#define CMSG_LEN(size)		((unsigned int)sizeof(struct cmsghdr) + (size))
#define CMSG_SPACE(size)	(CMSG_LEN(size) + 4)
#define CMSG_FIRSTHDR(msg)						\
	((struct cmsghdr *)((msg)->msg_controllen <			\
	    sizeof(struct cmsghdr) ? 0 : (msg)->msg_control))
#endif

ssize_t	sendmsg(int, const struct msghdr *, int);
ssize_t	recvmsg(int, struct msghdr *, int);

/* Macros of headers that this one includes for programs that are not strict. */
#ifndef FAKE_STRICT
#define NBBY	8
#define HZ	100
#define TICK	10000000
#define SEC	1
#define CMASK	022
#define NODEV	((dev_t)-1)
#endif

/* Linux alone has these; MSG_CMSG_CLOEXEC is new. */
#undef MSG_CMSG_CLOEXEC
#undef MSG_CONFIRM
#undef MSG_ERRQUEUE
#undef MSG_MORE
#undef SCM_CREDENTIALS
#undef SO_BINDTODEVICE
#undef SO_INCOMING_CPU
#undef SO_PEERCRED
#undef SO_PRIORITY
#undef SO_RCVBUFFORCE
#undef SO_REUSEPORT
#undef SO_SNDBUFFORCE

#endif /* FAKE_ILLUMOS_SOCKET_H */
