# slotway as a container: one stage builds it, the other holds the program, the libraries that it
# loads, and nothing else: no shell, no package manager, no root.
#
#   docker build -t slotway .
#   docker run -p 6380:6380 -v $PWD/proxy.yaml:/etc/slotway/proxy.yaml:ro slotway
#   docker run -p 6380:6380 -e SLOTWAY_SEEDS=10.0.0.1:6379 -e SLOTWAY_PASSWORD=... slotway
FROM debian:bookworm-slim AS build
WORKDIR /source
COPY script/bootstrap script/lib.sh script/
RUN script/bootstrap --with build
COPY . .
RUN cmake --preset release -DSLOTWAY_BENCH=OFF \
    && cmake --build --preset release --target slotway \
    && install -D -s build/release/slotway /image/usr/bin/slotway \
    && ldd /image/usr/bin/slotway | grep -o '/[^ ]*' | xargs -I LIBRARY cp --parents -L LIBRARY /image \
    && install -D -m 0644 deploy/container.yaml /image/etc/slotway/proxy.yaml \
    && echo 'slotway:x:65532:65532:slotway:/:/usr/bin/slotway' >/image/etc/passwd \
    && echo 'hosts: files dns' >/image/etc/nsswitch.conf

FROM scratch
COPY --from=build /image /
ENV PATH=/usr/bin SLOTWAY_CONFIG=/etc/slotway/proxy.yaml
USER 65532:65532
EXPOSE 6380 9180
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["slotway", "--healthcheck"]
ENTRYPOINT ["slotway"]
