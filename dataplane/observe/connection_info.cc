#include "dataplane/observe/connection_info.h"

namespace sallyport {

ConnectionInfo connection_info(const ConnectionRecord& record) {
  ConnectionInfo info;
  info.id = record.id;
  info.start = record.start;
  info.client = record.client;
  info.listener = record.listener;
  info.site = record.site;
  info.routed = record.routed;
  info.scenario = record.scenario;
  info.sni = record.sni;
  info.service = record.service;
  info.endpoint = record.endpoint;
  info.bytes_from_client = record.bytes_from_client;
  info.bytes_from_backend = record.bytes_from_backend;
  info.age = record.duration;
  info.doing = record.doing;
  return info;
}

}  // namespace sallyport
