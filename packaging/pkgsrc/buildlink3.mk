# $NetBSD$

BUILDLINK_TREE+=	libmio

.if !defined(LIBMIO_BUILDLINK3_MK)
LIBMIO_BUILDLINK3_MK:=

BUILDLINK_API_DEPENDS.libmio+=	libmio>=0.1.0
BUILDLINK_PKGSRCDIR.libmio?=	../../devel/libmio

.include "../../mk/pthread.buildlink3.mk"
.endif	# LIBMIO_BUILDLINK3_MK

BUILDLINK_TREE+=	-libmio
