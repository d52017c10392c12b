# .git is not in the build context, so pass the version:
#   docker build --build-arg VERSION="$(git describe --tags --always)" -t roster .
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN make build VERSION="$VERSION"
RUN mkdir /data && echo 'roster:x:65532:65532::/data:/sbin/nologin' >/etc/passwd.roster

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /etc/passwd.roster /etc/passwd
COPY --from=build --chown=65532:65532 /data /data
COPY --from=build /src/bin/roster /roster
USER 65532:65532
VOLUME /data
# The image has no /tmp, so SQLite's temporary files go beside the database.
ENV ROSTER_DATABASE=sqlite:/data/roster.db SQLITE_TMPDIR=/data
# The default, 127.0.0.1, can't be scraped from outside the container. Don't publish
# this port beyond your own network: /metrics has no authentication.
ENV ROSTER_METRICS_LISTEN=:9095
EXPOSE 8080 9095
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/roster", "healthcheck"]
ENTRYPOINT ["/roster"]
CMD ["serve", "--listen", ":8080"]
