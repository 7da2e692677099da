# A stand-in for FreeBSD's bsd.port.mk, to build a port on another system.  It
# has what a port with one tarball and a GNU configure needs, as the Porter's
# Handbook describes it, and stops at anything else.

.for v in PORTNAME DISTVERSION CATEGORIES MAINTAINER COMMENT LICENSE \
    GNU_CONFIGURE TEST_TARGET
.  if !defined(${v}) || empty(${v})
.    error ${v} is missing
.  endif
.endfor
.for word in ${USES:Nlibtool:Npathfix:Ntar\:xz}
.  error USES=${word} is unknown
.endfor
.if !defined(MASTER_SITES)
.  error MASTER_SITES is missing, say that it is empty
.endif

PREFIX?=	/usr/local
WRKDIR=		${.CURDIR}/work
STAGEDIR=	${WRKDIR}/stage
DISTNAME?=	${PORTNAME}-${DISTVERSION}
.if ${USES:Mtar\:xz}
EXTRACT_SUFX?=	.tar.xz
.else
EXTRACT_SUFX?=	.tar.gz
.endif
DISTFILES?=	${DISTNAME}${EXTRACT_SUFX}
WRKSRC?=	${WRKDIR}/${DISTNAME}
ALL_TARGET?=	all
INSTALL_TARGET?=	install
GNU_CONFIGURE_MANPREFIX?=	${PREFIX}/share
MANUAL=		${STAGEDIR}${PREFIX}/share/man

checksum:
	@cd ${DISTDIR} && \
	    sed -n 's/^SHA256 (\(.*\)) = \(.*\)/\2  \1/p' \
	    ${.CURDIR}/distinfo | grep '  ${DISTFILES}$$' | sha256sum -c
	@test "`sed -n 's/^SIZE (${DISTFILES}) = //p' ${.CURDIR}/distinfo`" = \
	    `wc -c <${DISTDIR}/${DISTFILES}`
	@grep -qx 'TIMESTAMP = [0-9]*' ${.CURDIR}/distinfo

extract: checksum
	mkdir -p ${WRKDIR}
	cd ${WRKDIR} && tar xf ${DISTDIR}/${DISTFILES}
.if defined(LICENSE_FILE)
	test -s ${LICENSE_FILE}
.endif

# USES=libtool patches configure and ltmain.sh, and keeps the time of configure.
patch: extract
.if ${USES:Mpathfix}
	find ${WRKSRC} -name Makefile.in -exec sed -i -e \
	    's|(libdir)/pkgconfig|(prefix)/libdata/pkgconfig|' {} +
.endif
.if ${USES:Mlibtool}
	find ${WRKSRC} -name ltmain.sh -exec touch {} +
.endif

configure: patch
	cd ${WRKSRC} && env ${CONFIGURE_ENV} ./configure --prefix=${PREFIX} \
	    ${CONFIGURE_ARGS} --localstatedir=/var \
	    --mandir=${GNU_CONFIGURE_MANPREFIX}/man --disable-silent-rules \
	    --infodir=${PREFIX}/share/info/

build: configure
	cd ${WRKSRC} && ${MAKE} ${MAKE_ARGS} -j${MAKE_JOBS_NUMBER} ${ALL_TARGET}

test: build
	cd ${WRKSRC} && env ${TEST_ENV} ${MAKE} ${MAKE_ARGS} ${TEST_ARGS} \
	    ${TEST_TARGET}

stage: build
	cd ${WRKSRC} && ${MAKE} ${MAKE_ARGS} DESTDIR=${STAGEDIR} \
	    ${INSTALL_TARGET}
.if ${USES:Mlibtool}
	find ${STAGEDIR} -name '*.la' -exec rm {} +
.endif
	find ${MANUAL} -type f -exec gzip -n {} +

check-plist: stage
	@cd ${STAGEDIR}${PREFIX} && find . ! -type d | sed 's/^\.\///' | \
	    LC_ALL=C sort >${WRKDIR}/installed
	@diff ${.CURDIR}/pkg-plist ${WRKDIR}/installed
	@! find ${STAGEDIR} ! -type d | grep -v '^${STAGEDIR}${PREFIX}/'

# Installed libraries are stripped, and the port registers them with ld.so.
stage-qa: stage
	@for lib in `find ${STAGEDIR} -type f -name '*.so*'`; do \
	    ! readelf -S $$lib | grep '\.symtab' || exit 1; \
	    test "${USE_LDCONFIG}" = yes || exit 1; \
	done

package: check-plist stage-qa test
	@echo "${PORTNAME}: `wc -l <${WRKDIR}/installed` files as listed"

.PHONY: checksum extract patch configure build test stage check-plist \
	stage-qa package
.MAIN: package
