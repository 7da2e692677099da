# A stand-in for OpenBSD's bsd.port.mk, to build a port on another system.  It
# has what a port with one tarball and a GNU configure needs, as bsd.port.mk(5)
# and pkg_create(1) describe it, and stops at anything else.

.for v in COMMENT DISTNAME CATEGORIES PERMIT_PACKAGE SHARED_LIBS
.  if !defined(${v}) || empty(${v})
.    error ${v} is missing
.  endif
.endfor
.if ${CONFIGURE_STYLE} != "gnu"
.  error CONFIGURE_STYLE=${CONFIGURE_STYLE} is unknown
.endif
.if empty(SITES) && !defined(FETCH_MANUALLY)
.  error neither SITES nor FETCH_MANUALLY is there
.endif

PREFIX?=	/usr/local
WRKDIR=		${.CURDIR}/work
WRKINST=	${WRKDIR}/fake
EXTRACT_SUFX?=	.tar.gz
DISTFILES?=	${DISTNAME}${EXTRACT_SUFX}
WRKDIST?=	${WRKDIR}/${DISTNAME}
WRKSRC?=	${WRKDIST}
SEPARATE_BUILD?=	No
.if ${SEPARATE_BUILD:tl} == "no"
WRKBUILD=	${WRKSRC}
.else
WRKBUILD=	${WRKDIR}/build
.endif
INSTALL_TARGET?=	install
TEST_TARGET?=	check
.for library version in ${SHARED_LIBS}
LIB${library}_VERSION=	${version}
SUBSTITUTE+=	-e 's/$${LIB${library}_VERSION}/${version}/'
.endfor

checksum:
	@echo "`sed -n 's/^SHA256 (${DISTFILES}) = //p' ${.CURDIR}/distinfo | \
	    base64 -d | od -An -v -tx1 | tr -d ' \n'`  ${DISTFILES}" | \
	    (cd ${DISTDIR} && sha256sum -c)
	@test "`sed -n 's/^SIZE (${DISTFILES}) = //p' ${.CURDIR}/distinfo`" = \
	    `wc -c <${DISTDIR}/${DISTFILES}`

extract: checksum
	mkdir -p ${WRKDIR}
	cd ${WRKDIR} && tar xf ${DISTDIR}/${DISTFILES}

configure: extract
	mkdir -p ${WRKBUILD}
	cd ${WRKBUILD} && env -i PATH='${PATH}' ${CONFIGURE_ENV} \
	    ${WRKSRC}/configure --prefix=${PREFIX} --sysconfdir=/etc \
	    --mandir=${PREFIX}/man --infodir=${PREFIX}/info \
	    --localstatedir=/var --disable-silent-rules ${CONFIGURE_ARGS}

build: configure
	cd ${WRKBUILD} && env -i PATH='${PATH}' ${MAKE_ENV} ${MAKE} \
	    ${MAKE_FLAGS} -j${MAKE_JOBS} all

test: build
	cd ${WRKBUILD} && env -i PATH='${PATH}' ${MAKE_ENV} ${TEST_ENV} \
	    ${MAKE} ${MAKE_FLAGS} ${TEST_FLAGS} ${TEST_TARGET}

# OpenBSD's libtool gives a shared library one name, with the version from
# SHARED_LIBS.  Another libtool gives it several; one file is kept, and renamed.
fake: build
	cd ${WRKBUILD} && env -i PATH='${PATH}' ${MAKE_ENV} ${MAKE} \
	    ${MAKE_FLAGS} DESTDIR=${WRKINST} ${FAKE_FLAGS} ${INSTALL_TARGET}
.for library version in ${SHARED_LIBS}
	cd ${WRKINST}${PREFIX}/lib && \
	    file=`readlink -f lib${library}.so` && \
	    find . -name 'lib${library}.so*' -type l -exec rm {} + && \
	    mv $$file lib${library}.so.${version}
.endfor

# Each name has the annotation of its kind, and no other.  Directories that not
# all ports have would have to be listed.
plist: fake
	@cd ${WRKINST}${PREFIX} && find . ! -type d | sed 's/^\.\///' | \
	    LC_ALL=C sort >${WRKDIR}/installed
	@sed -e 's|^\(man/\)|@man \1|' -e 's|^\(lib/.*\.so\.\)|@lib \1|' \
	    -e 's|^\(lib/.*\.a\)$$|@static-lib \1|' ${WRKDIR}/installed \
	    >${WRKDIR}/annotated
	@sed ${SUBSTITUTE} ${.CURDIR}/pkg/PLIST | diff - ${WRKDIR}/annotated
	@! find ${WRKINST} ! -type d | grep -v '^${WRKINST}${PREFIX}/'
	@cd ${WRKINST}${PREFIX} && ! find * -type d | grep -vx -e include \
	    -e lib -e lib/pkgconfig -e man -e 'man/man[1-9]'

package: plist test
	@echo "${DISTNAME}: `wc -l <${WRKDIR}/installed` files as listed"

.PHONY: checksum extract configure build test fake plist package
.MAIN: package
